/** `thinkmeter init` at a terminal: what it asks, and what the answers do. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { InitContext } from '../../src/cli/init-settings.ts';
import { init, type InitOptions } from '../../src/cli/init.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { FoundServer } from '../../src/engine/found-server.ts';

type Answers = readonly (readonly [question: string | RegExp, answer: string])[];

type Session = {
  readonly client?: string;
  readonly options?: InitOptions;
  readonly home?: string;
  readonly flags?: InitContext['flags'];
  readonly env?: Readonly<Record<string, string>>;
  /** by address; the one of no address is on this machine */
  readonly servers?: Readonly<Record<string, FoundServer>>;
  readonly answers: Answers;
};

const LOCAL: FoundServer = { baseUrl: 'http://127.0.0.1:8000/v1', models: ['nemotron'], state: 'answers' };

function emptyHome(): string {
  const path = mkdtempSync(join(tmpdir(), 'thinkmeter-home-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const screenStream = (): PassThrough & { isTTY: true } => Object.assign(new PassThrough(), { isTTY: true as const });

/** Types each answer when its question is on the screen. */
async function run({ client, options = {}, home = emptyHome(), flags = {}, env = {}, servers = {}, answers }: Session) {
  const [stdin, stdout, stderr] = [screenStream(), screenStream(), screenStream()] as const;
  const asked: { address: string | undefined; key: string | undefined }[] = [];
  let screen = '';
  stderr.on('data', (part: Buffer) => (screen += stripVTControlCharacters(part.toString())));
  const context: InitContext = {
    machine: { platform: 'linux', home, env, folder: home },
    running: { node: '/usr/bin/node', program: '/x/dist/main.js', platform: 'linux' },
    flags,
    config: loadConfig(flags, env).config,
    ports: '8000',
    findServer: async (address, key) => {
      asked.push({ address, key });
      return servers[address ?? ''];
    },
  };
  const done = init(client, options, context, { stdin, stdout, stderr, color: false }, new AbortController().signal);
  const settled = done.then(
    () => undefined,
    (error: unknown) => error,
  );
  let seen = 0;
  for (const [question, answer] of answers) {
    // oxlint-disable-next-line no-await-in-loop -- an answer follows its question
    await vi.waitUntil(() => screen.slice(seen).search(question) !== -1, { timeout: 5000 });
    seen = screen.length;
    if (answer === 'END') stdin.end();
    else stdin.write(`${answer}\r`);
  }
  const error = await settled;
  return { home, asked, screen, error, stdout: String(stdout.read() ?? '') };
}

function envOf(home: string, file = '.cursor/mcp.json'): unknown {
  const config = JSON.parse(readFileSync(join(home, file), 'utf8')) as {
    mcpServers: { thinkmeter: { env: unknown } };
  };
  return config.mcpServers.thinkmeter.env;
}

function homeWithCursor(): string {
  const home = emptyHome();
  mkdirSync(join(home, '.cursor'));
  return home;
}

test('two times Enter: the server on this machine, and the file', async () => {
  const { home, screen, error } = await run({
    client: 'cursor',
    home: homeWithCursor(),
    servers: { '': LOCAL },
    answers: [
      [/Address of the model server \[http:\/\/127\.0\.0\.1:8000\/v1\]: $/, ''],
      [/Write this to .*mcp\.json\? \[Y\/n\] $/, ''],
    ],
  });
  expect(error).toBeUndefined();
  expect(screen).toContain('looking for a model server at the ports 8000 of this machine …');
  expect(screen).toContain('found a model server at http://127.0.0.1:8000/v1: nemotron');
  expect(envOf(home)).toEqual({ THINKMETER_BASE_URL: LOCAL.baseUrl });
});

test('clients that are on this machine come first in the list', async () => {
  const { home, screen } = await run({
    home: homeWithCursor(),
    flags: { engine: 'demo' },
    answers: [
      ['Which client', '99'],
      [/99 is not a number from 1 to 10[^]*Which client/, '1'],
      ['Write this', 'y'],
    ],
  });
  expect(screen).toMatch(/ {2}1 {2}Cursor \(found on this machine\)\n/);
  expect(envOf(home)).toEqual({ THINKMETER_ENGINE: 'demo' });
});

test('without a server, Enter is the demo model', async () => {
  const { home } = await run({
    client: 'cursor',
    home: homeWithCursor(),
    answers: [
      [/no model server answers on this machine[^]*\(empty: the demo model\): $/, ''],
      ['Write this', ''],
    ],
  });
  expect(envOf(home)).toEqual({ THINKMETER_ENGINE: 'demo' });
});

test('of several models one is chosen, the Nemotron first', async () => {
  const far: FoundServer = { baseUrl: 'http://gpu:1/v1', models: ['llama', 'nvidia/Nemotron-3'], state: 'answers' };
  const { home, screen } = await run({
    client: 'cursor',
    home: homeWithCursor(),
    servers: { 'http://gpu:1/v1': far },
    answers: [
      ['Address', 'http://gpu:1/v1'],
      ['Which model', ''],
      ['Write this', ''],
    ],
  });
  expect(screen).toMatch(/ 1 {2}nvidia\/Nemotron-3\n +2 {2}llama\n +3 {2}chosen at each start\n/);
  expect(envOf(home)).toEqual({ THINKMETER_BASE_URL: far.baseUrl, THINKMETER_MODEL: 'nvidia/Nemotron-3' });
});

test('of hundreds of models none has to be read: Enter leaves the choice to each start', async () => {
  const models = Array.from({ length: 300 }, (_, index) => `model-${index}`);
  const far: FoundServer = { baseUrl: 'http://gpu:1/v1', models, state: 'answers' };
  const { home, screen } = await run({
    client: 'cursor',
    home: homeWithCursor(),
    flags: { baseUrl: far.baseUrl },
    servers: { [far.baseUrl]: far },
    answers: [
      [/model-11 and 288 more[^]*Which of 300 models/, ''],
      ['Write this', ''],
    ],
  });
  expect(screen).not.toContain('model-12');
  expect(envOf(home)).toEqual({ THINKMETER_BASE_URL: far.baseUrl });
});

const REFUSED: FoundServer = { baseUrl: 'http://gpu:1/v1', models: [], state: 'refused' };

test('a server that refuses without a key: the name of a variable, asked until it is one', async () => {
  const { home, screen } = await run({
    client: 'cursor',
    home: homeWithCursor(),
    flags: { baseUrl: REFUSED.baseUrl },
    servers: { [REFUSED.baseUrl]: REFUSED },
    answers: [
      [/Name of the variable that holds it \[THINKMETER_API_KEY\]: $/, 'sk-12-34'],
      ['Name of the variable', 'GPU_KEY'],
      ['Write this', ''],
    ],
  });
  expect(screen).toContain('note: set GPU_KEY in the environment that starts Cursor');
  expect(envOf(home)).toEqual({ THINKMETER_BASE_URL: REFUSED.baseUrl, THINKMETER_API_KEY: '${env:GPU_KEY}' });
});

test('where only the key itself can stand in the file, it is on no screen', async () => {
  const home = emptyHome();
  const { screen } = await run({
    client: 'claude-desktop',
    home,
    flags: { baseUrl: REFUSED.baseUrl },
    servers: { [REFUSED.baseUrl]: REFUSED },
    answers: [
      ['The server needs a key. Its value', 'sk-secret'],
      [/seems not to be installed[^]*Write this to .*\? \[y\/N\] $/, 'y'],
    ],
  });
  expect(screen).toContain('note: the value of THINKMETER_API_KEY will stand in');
  expect(screen).not.toContain('sk-secret');
  expect(envOf(home, '.config/Claude/claude_desktop_config.json')).toMatchObject({ THINKMETER_API_KEY: 'sk-secret' });
});

test('a client that is not installed gets no folder without a yes', async () => {
  const { home, screen, error } = await run({
    client: 'windsurf',
    flags: { engine: 'demo' },
    answers: [[/Windsurf seems not to be installed[^]*\[y\/N\] $/, '']],
  });
  expect(error).toBeUndefined();
  expect(screen).toMatch(/nothing was written\r?\n$/);
  expect(existsSync(join(home, '.codeium'))).toBe(false);
});

test('the end of the input ends the questions, and nothing is written', async () => {
  const { home, error } = await run({
    client: 'cursor',
    home: homeWithCursor(),
    flags: { engine: 'demo' },
    answers: [['Write this', 'END']],
  });
  expect(error).toMatchObject({ code: 'CANCELLED' });
  expect(existsSync(join(home, '.cursor/mcp.json'))).toBe(false);
});

test('Ctrl-C ends the questions', async () => {
  const { error } = await run({
    client: 'cursor',
    flags: { engine: 'demo' },
    answers: [['Write this', '\u0003']],
  });
  expect(error).toMatchObject({ code: 'CANCELLED' });
});

test('what the client writes during the questions is kept', async () => {
  const home = homeWithCursor();
  const file = join(home, '.cursor', 'mcp.json');
  writeFileSync(file, '{}');
  const session = run({
    client: 'cursor',
    home,
    servers: { '': LOCAL },
    answers: [
      ['Address', ''],
      ['Write this', ''],
    ],
  });
  writeFileSync(file, '{"later": true}');
  await session;
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ later: true, mcpServers: expect.anything() });
});

test('a key goes only to the address that came with it', async () => {
  const home = homeWithCursor();
  const env = { THINKMETER_API_KEY: 'sk-1' };
  const { asked } = await run({
    client: 'cursor',
    home,
    env,
    servers: { '': LOCAL },
    options: { yes: true },
    answers: [],
  });
  expect(asked).toEqual([{ address: undefined, key: undefined }]);
  const given = { ...env, THINKMETER_BASE_URL: LOCAL.baseUrl };
  const again = await run({ client: 'cursor', home, env: given, options: { yes: true }, answers: [] });
  expect(again.asked).toEqual([{ address: LOCAL.baseUrl, key: 'sk-1' }]);
});

test('--yes without a server and without an address says what to give', async () => {
  const { error } = await run({ client: 'cursor', options: { yes: true }, answers: [] });
  expect(error).toMatchObject({
    code: 'CONFIG',
    message: 'no model server answers on the ports 8000 of this machine',
    hint: expect.stringContaining('--engine demo'),
  });
});
