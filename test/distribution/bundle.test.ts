/** The MCP bundle as a host gets it: unpacked into an empty folder, and started by its own manifest. */
import { getMcpConfigForManifest, unpackExtension, v0_3 } from '@anthropic-ai/mcpb';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { packBundle } from '../../distribution/bundle.ts';
import { bundleManifest } from '../../distribution/manifest.ts';
import { SETTINGS } from '../../src/config/options.ts';
import { tools } from '../../tools/index.ts';
import { startFakeVllm } from '../support/fake-vllm/server.ts';

const folder = mkdtempSync(join(tmpdir(), 'thinkmeter-mcpb-'));
const unpacked = join(folder, 'unpacked');

beforeAll(async () => {
  const archive = join(folder, 'thinkmeter.mcpb');
  await packBundle(archive, true);
  await unpackExtension({ mcpbPath: archive, outputDir: unpacked, silent: true });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function manifest(): ReturnType<typeof bundleManifest> {
  return JSON.parse(readFileSync(join(unpacked, 'manifest.json'), 'utf8')) as ReturnType<typeof bundleManifest>;
}

async function connect(args: readonly string[], env: Record<string, string>): Promise<Client> {
  const client = new Client({ name: 'host', version: '1' });
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [...args],
      env: { THINKMETER_STATE: ':memory:', ...env },
      cwd: folder,
    }),
  );
  onTestFinished(() => client.close());
  return client;
}

/** Starts the server as a host does: the host's own function replaces the placeholders. */
async function start(userConfig: Readonly<Record<string, string>>): Promise<Client> {
  const config = await getMcpConfigForManifest({
    manifest: v0_3.McpbManifestSchema.parse(manifest()),
    extensionPath: unpacked,
    systemDirs: {},
    userConfig,
    pathSeparator: sep,
  });
  const { command = '', args = [], env = {} } = config ?? {};
  expect(command).toBe('node');
  return connect(args, env);
}

describe('the manifest', () => {
  test('has the version of the package and the tools of the server', () => {
    expect(manifest().version).toBe(packageJson.version);
    expect(manifest().tools.map(({ name }) => name)).toEqual(tools.map(({ name }) => name));
  });

  test('every setting is optional, and only the key is sensitive', () => {
    const fields = Object.entries(manifest().user_config);
    expect(fields.map(([name]) => name)).toEqual(['base_url', 'api_key', 'model', 'engine', 'use_case', 'max_seconds']);
    expect(fields.filter(([, { required }]) => required)).toEqual([]);
    expect(fields.filter(([, field]) => 'sensitive' in field).map(([name]) => name)).toEqual(['api_key']);
  });

  test('every variable is a setting', () => {
    const known = Object.values(SETTINGS).map(({ variable }) => variable);
    expect(known).toEqual(expect.arrayContaining(Object.keys(manifest().server.mcp_config.env)));
  });
});

test('the bundle contains the program and the demo model, and no packages', () => {
  expect(readdirSync(unpacked).toSorted()).toEqual(['LICENSE', 'dist', 'manifest.json', 'models', 'package.json']);
  const files = readdirSync(unpacked, { recursive: true }) as string[];
  expect(files.filter((file) => /node_modules|safetensors|\.ts$/.test(file))).toEqual([]);
});

test('it answers with the demo model, from an empty folder', async () => {
  const client = await start({ engine: 'demo' });
  const question = '2^10 + 3^5 - 4^3 = ?';
  const result = await client.callTool({ name: 'reason', arguments: { question, thinking_budget: 256 } });
  expect(result.structuredContent).toMatchObject({ answer: 'The answer is 1203.', model: 'thinkmeter-demo' });
});

test('it uses the server and the key that the person gave', async () => {
  const fake = await startFakeVllm({ apiKey: 'sk-1' });
  onTestFinished(() => fake.close());
  const client = await start({ base_url: fake.url, api_key: 'sk-1' });
  const result = await client.callTool({ name: 'server_status', arguments: {} });
  expect(result.structuredContent).toMatchObject({ ok: true, model: 'thinkmeter-demo' });
});

// modelcontextprotocol/mcpb#250: some hosts do not replace the placeholders of settings that were left empty
test('settings that arrive as their placeholders count as empty', async () => {
  const fake = await startFakeVllm();
  onTestFinished(() => fake.close());
  const env = { ...manifest().server.mcp_config.env, THINKMETER_BASE_URL: fake.url };
  expect(env).toMatchObject({ THINKMETER_USE_CASE: '${user_config.use_case}' });
  const client = await connect([join(unpacked, 'dist', 'main.js')], env);
  const result = await client.callTool({ name: 'server_status', arguments: {} });
  expect(result.structuredContent).toMatchObject({ ok: true, model: 'thinkmeter-demo' });
});
