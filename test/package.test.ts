/** The package as a user gets it: packed, and installed into an empty folder. Its one dependency is libsql, for the state file. */
import { Client } from '@modelcontextprotocol/client';
import { getDefaultEnvironment, StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'thinkmeter-package-'));
const installed = join(folder, 'node_modules', 'thinkmeter');
const program = join(installed, 'dist', 'main.js');

const npm = (...args: string[]): string => execFileSync('npm', args, { encoding: 'utf8', stdio: 'pipe' });

beforeAll(() => {
  npm('pack', '--ignore-scripts', '--pack-destination', folder);
  const archive = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
  writeFileSync(join(folder, 'package.json'), '{}');
  npm('install', '--prefer-offline', '--ignore-scripts', '--no-audit', '--prefix', folder, join(folder, archive));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const env = { ...getDefaultEnvironment(), THINKMETER_STATE: join(folder, 'state.db') };

const run = (...args: string[]): string =>
  execFileSync(process.execPath, [program, ...args], { encoding: 'utf8', cwd: folder, env });

test('it brings no package but libsql and its parts, and takes at most 60 MB', () => {
  const packages = readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.'));
  expect(packages).toEqual(['@libsql', '@neon-rs', 'detect-libc', 'libsql', 'thinkmeter']);
  const bytes = readdirSync(join(folder, 'node_modules'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
  expect(bytes).toBeLessThan(60_000_000);
});

test('it contains one model, the one of the demo engine', () => {
  expect(readdirSync(join(installed, 'models')).toSorted()).toEqual(['README.md', 'thinkmeter-demo']);
  expect(readdirSync(join(installed, 'models', 'thinkmeter-demo', 'onnx'))).toEqual(['model_quantized.onnx']);
});

test('demo prints its table', () => {
  expect(run('demo')).toMatch(/\n\s+512\s+\d+\s+model\s+The answer is 1203\.\s+right/);
});

test('ask answers on the demo engine', () => {
  expect(run('ask', '--engine', 'demo', '12^2 + 345*7 = ?')).toContain('The answer is 2559.');
});

test('the demo engine answers over MCP', async () => {
  const client = new Client({ name: 'package', version: '0' });
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [program],
      env: { THINKMETER_ENGINE: 'demo', THINKMETER_STATE: env.THINKMETER_STATE },
      cwd: folder,
    }),
  );
  try {
    const result = await client.callTool({ name: 'reason', arguments: { question: '2^10 + 3^5 - 4^3 = ?' } });
    expect(result.structuredContent).toMatchObject({ answer: 'The answer is 1203.', model: 'thinkmeter-demo' });
  } finally {
    await client.close();
  }
});

test('another embedded model needs a package, and one sentence says which', () => {
  const model = join(installed, 'models', 'thinkmeter-demo');
  let said = '';
  try {
    run('ask', '--engine', 'embedded', '--model', model, 'x');
  } catch (error) {
    said = String((error as { stderr?: unknown }).stderr ?? error);
  }
  expect(said).toMatch(/^thinkmeter: The embedded engine needs the package @huggingface\/transformers.*npm install/);
});

test('runs are kept between calls; without libsql they are not, and calls are answered', () => {
  expect((JSON.parse(run('runs', '--json')) as { runs: unknown[] }).runs.length).toBeGreaterThan(0);
  rmSync(join(folder, 'node_modules', 'libsql'), { recursive: true });
  expect(run('ask', '--engine', 'demo', '12^2 + 345*7 = ?')).toContain('The answer is 2559.');
  expect(() => run('runs')).toThrow('needs the npm package libsql');
});
