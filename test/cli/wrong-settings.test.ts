/**
 * Settings that cannot be used. If the server ended, most clients would show "Connection closed" and nothing else
 * (cline/cline#3204, benborla/mcp-server-mysql#74), so it starts, and its calls and its status say what is wrong.
 */
import { describe, expect, onTestFinished, test } from 'vitest';
import { tools } from '../../tools/index.ts';
import { CLIENTS, connect, type Connection, type ConnectOptions } from '../support/connect.ts';
import { Program, runProgram } from '../support/program.ts';
import { errorSentence, runResult } from '../support/results.ts';
import { startFake } from '../support/start-fake.ts';
import { statusOf, statusResult } from '../support/status-result.ts';

async function start(options: ConnectOptions): Promise<Connection> {
  const client = await connect(options);
  onTestFinished(() => client.close());
  return client;
}

const CALLS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  reason: { question: 'Is it so?' },
  answer_fast: { question: 'Is it so?' },
  analyze_batch: { instruction: 'Translate.', items: ['a', 'b'] },
};

const WRONG = {
  THINKMETER_MAX_SECONDS: '45s',
  THINKMETER_RESOURCE_LINKS: 'sometimes',
  THINKMETER_LOG_LEVEL: 'loud',
  THINKMETER_API_KEY: 'nvapi-\u200Babc',
};

const SENTENCES = [
  'THINKMETER_MAX_SECONDS is 45s: it must be a number of seconds from 0 to 86400, without a unit',
  'THINKMETER_RESOURCE_LINKS is sometimes: it must be on or off',
  'THINKMETER_LOG_LEVEL is loud: it must be silent, error, warn, info or debug',
  'THINKMETER_API_KEY contains U+200B (a zero-width space) at position 7, which cannot be part of its value',
];

test.each(CLIENTS)('a server with wrong settings starts, lists its tools and refuses each call: %s', async (name) => {
  const fake = await startFake();
  const client = await start({ client: name, fake, env: WRONG });
  expect(await client.listTools()).toHaveLength(tools.length);
  for (const [tool, args] of Object.entries(CALLS)) {
    // oxlint-disable-next-line no-await-in-loop -- one tool after the other
    const result = await client.call(tool, args);
    expect(result.code).toBe('CONFIG');
    for (const sentence of SENTENCES) expect(errorSentence(result)).toContain(sentence);
  }
  const status = statusResult(await client.call('server_status', {}));
  expect(status).toMatchObject({ ok: false, server: 'nothing' });
  expect(status.faults.map(({ what }) => what).toSorted()).toEqual(SENTENCES.toSorted());
  for (const { fix } of status.faults) expect(fix).toMatch(/^correct or remove THINKMETER_/);
  // a log level that cannot be read does not silence the report of itself
  for (const sentence of SENTENCES) expect(client.stderr()).toContain(sentence);
  expect(client.stderr() + JSON.stringify(status)).not.toMatch(/nvapi|abc/);
  expect(fake.requests).toEqual([]);
});

const one: { name: string; env: Record<string, string>; says: RegExp }[] = [
  {
    name: 'an engine that is none',
    env: { THINKMETER_ENGINE: 'magic' },
    says: /THINKMETER_ENGINE is magic: it must be/,
  },
  { name: 'an address that is none', env: { THINKMETER_BASE_URL: 'gpu-box' }, says: /THINKMETER_BASE_URL is gpu-box/ },
  { name: 'an address of another kind', env: { THINKMETER_BASE_URL: 'ws://a:1' }, says: /THINKMETER_BASE_URL is ws:/ },
  {
    name: 'an embedded engine without a model',
    env: { THINKMETER_ENGINE: 'embedded', THINKMETER_MODEL: '${user_config.model}' },
    says: /the embedded engine needs a model, but THINKMETER_MODEL is not set/i,
  },
  { name: 'a hub that is none', env: { THINKMETER_HUB: 'hub.example' }, says: /THINKMETER_HUB is hub\.example/ },
  { name: 'a temperature out of range', env: { THINKMETER_TEMPERATURE: '7' }, says: /TEMPERATURE is 7: .* 0 to 2/ },
  {
    name: 'part of an address that a client did not replace',
    env: { THINKMETER_BASE_URL: 'http://${GPU_HOST}:8000/v1' },
    says: /THINKMETER_BASE_URL contains \$\{GPU_HOST\}/,
  },
];

describe.each(one)('$name', ({ env, says }) => {
  test('is reported by calls and by the status', async () => {
    const client = await start({ env });
    expect(errorSentence(await client.call('reason', { question: 'x' }))).toMatch(says);
    const { ok, faults } = statusResult(await client.call('server_status', {}));
    expect(ok).toBe(false);
    expect(faults[0]?.what).toMatch(says);
  });

  // the flag of demo replaces the engine of the variable
  const demos = 'THINKMETER_ENGINE' in env ? [] : [['demo', '--engine', 'vllm']];
  test.each([['ask', 'x'], ['doctor'], ['monitor', '--once'], ...demos])(
    'ends %s at once with 2, in one sentence on stderr',
    async (...args) => {
      const { code, stdout, stderr } = await runProgram({ args, env });
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(/^(\{"level".*\}\n)*thinkmeter: [^\n]+\n$/);
      expect(stderr).toMatch(says);
    },
  );
});

test('a wrong flag is named in the call, and a flag in args needs no variable', async () => {
  const program = new Program({ args: ['--max-seconds', '45s', '--engine', 'demo'] });
  onTestFinished(() => program.kill());
  await program.initialize();
  const call = program.request('tools/call', { name: 'reason', arguments: { question: 'x' } });
  expect((await program.response(call)).result).toMatchObject({
    isError: true,
    content: [{ text: expect.stringContaining('--max-seconds is 45s: it must be a number of seconds') }],
  });
  program.child.stdin.end();
  expect(await program.ended).toEqual({ code: 0, signal: null });
});

// MystenLabs/MemWal#876: a flag from another version must not stop the server; ChromeDevTools/chrome-devtools-mcp#2530
test.each([
  { args: ['--base_url', 'http://a:1'], says: "unknown option '--base_url' (Did you mean --base-url?)" },
  { args: ['--engine', 'demo', '--nope'], says: "unknown option '--nope'" },
  // one text instead of two
  { args: ['--engine demo'], says: "unknown option '--engine demo'" },
  { args: ['--engine'], says: "option '--engine <name>' argument missing" },
])('a server with the arguments $args says in its calls that they are wrong', async ({ args, says }) => {
  const program = new Program({ args });
  onTestFinished(() => program.kill());
  await program.initialize();
  const call = program.request('tools/call', { name: 'reason', arguments: { question: 'x' } });
  expect((await program.response(call)).result).toMatchObject({
    isError: true,
    content: [{ text: expect.stringContaining(`The arguments of thinkmeter are wrong: ${says}. Correct`) }],
  });
  program.child.stdin.end();
  expect(await program.ended).toEqual({ code: 2, signal: null });
});

test('with a command, a wrong option ends the program at once', async () => {
  const program = new Program({ args: ['ask', 'x', '--nope'] });
  onTestFinished(() => program.kill());
  expect(await program.ended).toEqual({ code: 2, signal: null });
  expect(program.stdout).toBe('');
});

const RISKY = {
  THINKMETER_MODEL: '${user_config.model}',
  THINKMETER_API_KEY: '${NVIDIA_API_KEY}',
  THINKMETER_TEMPERATURE: 'undefined',
  THINKMETER_ENGINE: 'null',
  THINKMETER_BUGDET: '512',
};

const WARNINGS = [
  'THINKMETER_MODEL is the placeholder ${user_config.model}, which was not replaced, so THINKMETER_MODEL is ignored',
  'THINKMETER_API_KEY is the placeholder ${NVIDIA_API_KEY}, which was not replaced, so THINKMETER_API_KEY is ignored',
  'THINKMETER_TEMPERATURE is the placeholder undefined, which was not replaced, so THINKMETER_TEMPERATURE is ignored',
  'THINKMETER_ENGINE is the placeholder null, which was not replaced, so THINKMETER_ENGINE is ignored',
  'THINKMETER_BUGDET is not a setting of thinkmeter and has no effect',
];

// anthropics/claude-code#80197, modelcontextprotocol/mcpb#250
test('placeholders and misspelt variables are ignored with a warning, and calls are answered', async () => {
  const fake = await startFake();
  const client = await start({ fake, env: RISKY });
  runResult(await client.call('reason', { question: 'Is it so?' }));
  const status = statusResult(await client.call('server_status', {}));
  expect(status.ok).toBe(true);
  const found = status.faults.map(({ what }) => what);
  expect(found).toEqual(expect.arrayContaining(WARNINGS));
  for (const warning of WARNINGS) expect(client.stderr()).toContain(warning);
  expect(fake.requests.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
});

test('an error that an ignored setting may explain names it; one about the arguments does not', async () => {
  const env = { THINKMETER_BASE_URL: 'http://127.0.0.1:9', ...RISKY };
  const client = await start({ env });
  const failed = await client.call('reason', { question: 'Is it so?' });
  expect(failed).toMatchObject({ isError: true });
  for (const warning of WARNINGS) expect(failed.text).toContain(warning);
  const wrong = await client.call('reason', { question: ' ' });
  expect(wrong.text).not.toContain('THINKMETER');
});

test('doctor shows the warnings, and ends with 0', async () => {
  const fake = await startFake();
  const { code, stdout } = await runProgram({
    args: ['doctor', '--json'],
    env: { THINKMETER_BASEURL: 'x', ...RISKY, THINKMETER_BASE_URL: fake.url },
  });
  expect(code).toBe(0);
  expect(statusOf(JSON.parse(stdout)).faults.map(({ what }) => what)).toEqual(expect.arrayContaining(WARNINGS));
});

test('a key that goes unencrypted over the network is in the status too', async () => {
  const env = { THINKMETER_BASE_URL: 'http://127.0.0.1.nip.invalid:8000/v1', THINKMETER_API_KEY: 'sk-never-shown' };
  const client = await start({ env });
  const { faults } = statusResult(await client.call('server_status', {}));
  expect(faults[0]?.what).toBe(
    'THINKMETER_API_KEY is sent unencrypted over the network to http://127.0.0.1.nip.invalid:8000',
  );
});

test('a key pasted with its header is sent as one', async () => {
  const fake = await startFake({ apiKey: 'nvapi-abc' });
  const client = await start({ fake, env: { THINKMETER_API_KEY: '"Bearer nvapi-abc"' } });
  runResult(await client.call('reason', { question: 'Is it so?' }));
  expect(new Set(fake.requests.map(({ headers }) => headers.authorization))).toEqual(new Set(['Bearer nvapi-abc']));
});

// lidge-jun/opencodex#1582; n3d1117/chatgpt-telegram-bot#170
test('the endpoint of a curl command, in quotes, is used as an address', async () => {
  const fake = await startFake();
  const client = await start({ env: { THINKMETER_BASE_URL: `"${fake.url}/v1/chat/completions"` } });
  expect(runResult(await client.call('reason', { question: 'Is it so?' })).answer).toBe('The answer is 4.');
});
