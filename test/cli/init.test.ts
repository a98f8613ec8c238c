/** `thinkmeter init`, as the built program with a home of its own: the file, the exit code, and the server that the file starts. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'smol-toml';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CLIENT_NAMES, type ClientName } from '../../src/init/names.ts';
import { startFakeVllm } from '../support/fake-vllm/server.ts';
import { runProgram } from '../support/program.ts';

const FILES: Record<ClientName, string> = {
  'claude-desktop': '.config/Claude/claude_desktop_config.json',
  'claude-code': '.claude.json',
  cursor: '.cursor/mcp.json',
  vscode: '.config/Code/User/mcp.json',
  codex: '.codex/config.toml',
  gemini: '.gemini/settings.json',
  opencode: '.config/opencode/opencode.json',
  windsurf: '.codeium/windsurf/mcp_config.json',
  zed: '.config/zed/settings.json',
  cline: '.cline/data/settings/cline_mcp_settings.json',
};

const NOBODY = 'http://127.0.0.1:1/v1';
const KEY = 'sk-never-show-this-0123456789';

function emptyHome(): string {
  const path = mkdtempSync(join(tmpdir(), 'thinkmeter-home-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function init(home: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return runProgram({ args: ['init', ...args], env: { HOME: home, THINKMETER_STATE: '', ...env } });
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

test.runIf(process.platform === 'linux').each(CLIENT_NAMES)(
  '%s: the file is written, and the second run says that nothing changes',
  async (name) => {
    const home = emptyHome();
    const file = join(home, FILES[name]);
    const args = [name, '--yes', '--engine', 'demo'];
    const first = await init(home, args);
    expect(first).toMatchObject({ code: 0, stdout: '' });
    expect(first.stderr).toContain(`.thinkmeter to ${file}\n`);
    expect(first.stderr).toMatch(/\nNext: .+\. Then ask: .+\n$/);
    const text = readFileSync(file, 'utf8');
    expect(text).toContain('THINKMETER_ENGINE');
    const second = await init(home, args);
    expect(second.code).toBe(0);
    expect(second.stderr).toContain(`${file} already contains this block; nothing was changed\n`);
    expect(readFileSync(file, 'utf8')).toBe(text);
    expect(readdirSync(dirname(file)).filter((it) => it.includes('.bak'))).toEqual([]);
  },
);

type Started = { readonly command: string; readonly args: readonly string[]; readonly env: Record<string, string> };

/** What each of three formats says of how to start the server. */
const START: Partial<Record<ClientName, (text: string) => Started>> = {
  cursor: (text) => (JSON.parse(text) as { mcpServers: { thinkmeter: Started } }).mcpServers.thinkmeter,
  codex: (text) => (parse(text) as unknown as { mcp_servers: { thinkmeter: Started } }).mcp_servers.thinkmeter,
  opencode: (text) => {
    const config = JSON.parse(text) as {
      mcp: { thinkmeter: { command: string[]; environment: Record<string, string> } };
    };
    const {
      command: [command = '', ...args],
      environment,
    } = config.mcp.thinkmeter;
    return { command, args, env: environment };
  },
};

test.each(Object.entries(START))(
  'what is written for %s starts the server, on the model server that was found',
  async (name, read) => {
    const home = emptyHome();
    const fake = await startFakeVllm();
    onTestFinished(() => fake.close());
    const { stderr } = await init(home, [name, '--yes', '--base-url', `${fake.url}/v1`]);
    expect(stderr).toContain(`found a model server at ${fake.url}/v1: thinkmeter-demo\n`);
    const { command, args, env } = read(readFileSync(join(home, FILES[name as ClientName]), 'utf8'));
    const client = new Client({ name: 'test', version: '1' });
    // started elsewhere, without the shell's PATH
    await client.connect(
      new StdioClientTransport({
        command,
        args: [...args],
        env: { ...env, PATH: '/nowhere', THINKMETER_STATE: ':memory:' },
        cwd: home,
      }),
    );
    onTestFinished(() => client.close());
    const status = await client.callTool({ name: 'server_status' });
    expect(status.structuredContent).toMatchObject({ ok: true, model: 'thinkmeter-demo' });
  },
);

describe('--print', () => {
  test('shows the block on stdout, and writes nothing', async () => {
    const home = emptyHome();
    const { code, stdout, stderr } = await init(home, ['vscode', '--print', '--engine', 'demo', '--use-case', 'chat']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      servers: {
        thinkmeter: {
          type: 'stdio',
          command: process.execPath,
          args: [expect.stringMatching(/\/dist\/main\.js$/)],
          env: { THINKMETER_ENGINE: 'demo', THINKMETER_USE_CASE: 'chat' },
        },
      },
    });
    expect(stderr).toBe(`VS Code reads this from ${join(home, FILES.vscode)}\n`);
    expect(readdirSync(home)).toEqual([]);
  });

  test('--project: the file of the folder, by npx, because other machines have other paths', async () => {
    const { stdout, stderr } = await init(emptyHome(), ['claude-code', '--print', '--project', '--engine', 'demo']);
    expect(JSON.parse(stdout)).toMatchObject({
      mcpServers: { thinkmeter: { command: 'npx', args: ['-y', 'thinkmeter'] } },
    });
    expect(stderr).toContain(`${process.cwd()}/.mcp.json`);
  });
});

describe('a key', () => {
  const server = ['--yes', '--base-url', NOBODY];

  test('in a variable stays there, if the client can read it', async () => {
    const home = emptyHome();
    const { stderr } = await init(home, ['cursor', ...server], { THINKMETER_API_KEY: KEY });
    expect(readFileSync(join(home, FILES.cursor), 'utf8')).toContain(
      '"THINKMETER_API_KEY": "${env:THINKMETER_API_KEY}"',
    );
    expect(stderr).toContain('note: set THINKMETER_API_KEY in the environment that starts Cursor\n');
    expect(stderr).not.toContain(KEY);
  });

  test('stands in the file of a client that cannot, with a warning that does not repeat it', async () => {
    const home = emptyHome();
    const { stderr } = await init(home, ['zed', ...server], { THINKMETER_API_KEY: KEY });
    expect(readFileSync(join(home, FILES.zed), 'utf8')).toContain(KEY);
    expect(stderr).toContain(`note: the value of THINKMETER_API_KEY will stand in ${join(home, FILES.zed)}`);
    expect(stderr).not.toContain(KEY);
  });

  test('in headers is a secret too', async () => {
    const home = emptyHome();
    const { stderr } = await init(home, ['codex', ...server], { THINKMETER_HEADERS: `X-Api-Key: ${KEY}` });
    const text = readFileSync(join(home, FILES.codex), 'utf8');
    expect(text).toContain('env_vars = [ "THINKMETER_HEADERS" ]');
    expect(text + stderr).not.toContain(KEY);
  });

  test('never stands in a file that others share', async () => {
    const { code, stdout, stderr } = await init(emptyHome(), ['zed', '--print', '--project', '--base-url', NOBODY], {
      THINKMETER_API_KEY: KEY,
    });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).not.toContain(KEY);
  });
});

describe('a file that is there', () => {
  test('keeps everything else, and its text before is next to it', async () => {
    const home = emptyHome();
    const file = join(home, FILES.gemini);
    const before = '{\n  // my theme\n  "theme": "Dracula",\n  "mcpServers": { "git": { "command": "uvx" } },\n}\n';
    write(file, before);
    const { stderr } = await init(home, ['gemini', '--yes', '--engine', 'demo']);
    expect(stderr).toContain(`; the file before is ${file}.bak\n`);
    expect(readFileSync(`${file}.bak`, 'utf8')).toBe(before);
    expect(readFileSync(file, 'utf8')).toMatch(
      /^\{\n {2}\/\/ my theme\n {2}"theme": "Dracula",\n {2}"mcpServers": \{ "git": \{ "command": "uvx" \}, "thinkmeter": \{.+\} \},\n\}\n$/,
    );
  });

  test('with a syntax error is not touched', async () => {
    const home = emptyHome();
    const file = join(home, FILES.cursor);
    write(file, '{\n  "mcpServers": {\n}\n');
    const { code, stderr } = await init(home, ['cursor', '--yes', '--engine', 'demo']);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `thinkmeter: ${file} has a syntax error in line 4, column 1: close brace expected. Correct the file, which was not changed, and run this command again.\n`,
    );
    expect(readFileSync(file, 'utf8')).toBe('{\n  "mcpServers": {\n}\n');
    expect(existsSync(`${file}.bak`)).toBe(false);
  });

  test('of an older kind is used: opencode.jsonc, and the file of an older Cline', async () => {
    const home = emptyHome();
    const files = [
      join(home, '.config/opencode/opencode.jsonc'),
      join(home, '.config/Code/User/globalStorage/saoudrizwan.claude-dev/settings/cline_mcp_settings.json'),
    ];
    for (const file of files) write(file, '{}');
    await init(home, ['opencode', '--yes', '--engine', 'demo']);
    await init(home, ['cline', '--yes', '--engine', 'demo']);
    for (const file of files) expect(readFileSync(file, 'utf8')).toContain('thinkmeter');
  });

  test('names the server that a run without an address keeps', async () => {
    const home = emptyHome();
    await init(home, ['cursor', '--yes', '--base-url', NOBODY]);
    const text = readFileSync(join(home, FILES.cursor), 'utf8');
    const { stderr } = await init(home, ['cursor', '--yes']);
    expect(stderr).toContain('nothing was changed');
    expect(readFileSync(join(home, FILES.cursor), 'utf8')).toBe(text);
  });
});

describe('wrong usage ends with 2, and says what to do', () => {
  const list = CLIENT_NAMES.join(', ');
  test.each([
    { args: ['emacs', '--yes'], message: `unknown client emacs. The clients are: ${list}.` },
    { args: [], message: `no client was given. The clients are: ${list}.` },
    {
      args: ['cursor'],
      message:
        'init asks questions, and this is not a terminal. Run thinkmeter init cursor --yes to write the file, or --print to see the block.',
    },
    {
      args: ['windsurf', '--yes', '--project', '--engine', 'demo'],
      message: 'Windsurf has no settings file for one project. Run thinkmeter init windsurf without --project.',
    },
  ])('$args', async ({ args, message }) => {
    const home = emptyHome();
    const { code, stdout, stderr } = await init(home, args);
    expect({ code, stdout, stderr }).toEqual({ code: 2, stdout: '', stderr: `thinkmeter: ${message}\n` });
    expect(readdirSync(home)).toEqual([]);
  });

  test('a wrong setting is named before anything is written', async () => {
    const home = emptyHome();
    const { code, stderr } = await init(home, ['cursor', '--yes', '--engine', 'gpt']);
    expect(code).toBe(2);
    expect(stderr).toContain('--engine is gpt');
    expect(readdirSync(home)).toEqual([]);
  });
});
