/** `thinkmeter doctor`: what a person reads, how it ends, and the same for programs. */
import { expect, onTestFinished, test } from 'vitest';
import { neverStopsThinking, thinks } from '../support/fake-vllm/scripts.ts';
import { startFakeVllm, type FakeVllm, type FakeVllmOptions } from '../support/fake-vllm/server.ts';
import { IN_SECONDS } from '../support/in-seconds.ts';
import { Program, runProgram } from '../support/program.ts';
import { startSilent } from '../support/silent-server.ts';
import { statusOf } from '../support/status-result.ts';

const KEY = 'sk-never-show-this-0123456789';
const NOBODY = 'http://127.0.0.1:2';

async function startFake(options: FakeVllmOptions = {}): Promise<FakeVllm> {
  const fake = await startFakeVllm(options);
  onTestFinished(() => fake.close());
  return fake;
}

function doctor(baseUrl: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  return runProgram({ args: ['doctor', '--base-url', baseUrl, ...args], env });
}

/** The rows of the table, by their labels; a row without a label goes on with the one before. */
function rows(screen: string): Record<string, string> {
  const table = screen.split('\n\n')[0] ?? '';
  const found = table.split('\n').map((line) => [line.slice(0, 12).trim(), line.slice(12)] as const);
  return Object.fromEntries(found.filter(([label]) => label !== ''));
}

test('a good server: what it is, what holds, a call as clients make it, and 0', async () => {
  const fake = await startFake({ script: thinks('2 + 2 is 4.', 'The answer is 4.') });
  const { code, stdout, stderr } = await doctor(fake.url);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(rows(stdout)).toMatchObject({
    server: `vllm 0.32.0 at ${fake.url}`,
    model: expect.stringMatching(/^thinkmeter-demo, window 2048 tokens, family nemotron-nano-2$/),
    prompts: 'over token ids; tokens counted by ids',
    'own budget': expect.stringMatching(/^thinking_token_budget: /),
    load: expect.stringMatching(/^0 running, 0 waiting, KV cache 0\.0 %/),
    'a call': expect.stringMatching(
      /^thinking \d+ of 64 tokens, ended by model; mechanism stream, budget held; answer: The answer is 4\.$/,
    ),
    speed: expect.stringMatching(/^first token \d+ ms, [\d.]+ tokens\/s, [\d.]+ s in total$/),
  });
  expect(stdout).toMatch(/\n\n✓ no problems found\n$/);
  expect(stdout).not.toContain('\u001B');
});

test('where something was cut, it is seen whether the server ended there', IN_SECONDS, async () => {
  const fake = await startFake({ script: neverStopsThinking(), msPerToken: 5 });
  const { code, stdout } = await doctor(fake.url);
  expect(code).toBe(0);
  expect(rows(stdout)).toMatchObject({
    cut: 'an aborted request stops on the server',
    'a call': expect.stringMatching(/ended by budget; mechanism stream, budget held; answer: The answer is 42\.$/),
  });
});

test('it costs a few dozen tokens', IN_SECONDS, async () => {
  const fake = await startFake({ script: neverStopsThinking(), msPerToken: 5 });
  await doctor(fake.url);
  expect(fake.generationTokensTotal).toBeLessThan(200);
});

test('a server that takes messages only works, and is told what would be better', async () => {
  const fake = await startFake({ misbehave: { noTokenize: true }, msPerToken: 5 });
  const { code, stdout } = await doctor(fake.url);
  expect(code).toBe(0);
  expect(rows(stdout)).toMatchObject({
    prompts: 'over chat completions; tokens counted by usage',
    'a call': expect.stringContaining('answer: The answer is 4.'),
  });
  expect(stdout).toMatch(/^! .*over chat completions only.*\n {2}→ .*THINKMETER_TOKENIZER/m);
});

test('a budget of its own that does not hold is told, with nothing to do about it', async () => {
  const fake = await startFake({ script: neverStopsThinking(), msPerToken: 5 });
  const { code, stdout } = await doctor(fake.url);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^! the server's own thinking_token_budget is not used: .*\n {2}→ no action is needed/m);
});

const ill: readonly { name: string; baseUrl?: string; env?: Record<string, string>; says: RegExp }[] = [
  { name: 'nobody there', baseUrl: NOBODY, says: /^✗ no server answers at http:\/\/127\.0\.0\.1:2\n {2}→ start vLLM/ },
  {
    name: 'a wrong key',
    env: { THINKMETER_API_KEY: KEY },
    says: /^✗ the server at \S+ refused the key \(401\)\n {2}→ set THINKMETER_API_KEY/,
  },
  { name: 'no key', says: /^✗ the server at \S+ requires a key \(401\)\n {2}→ set THINKMETER_API_KEY/ },
];

test.each(ill)('where no call can be answered the fault stands alone, and it ends with 1: $name', async (it) => {
  const fake = await startFake({ apiKey: 'sesame' });
  const { code, stdout, stderr } = await doctor(it.baseUrl ?? fake.url, [], it.env);
  expect(code).toBe(1);
  expect(stdout).toMatch(it.says);
  expect(stderr).toMatch(/^thinkmeter: [^\n]*✗[^\n]*\n$/);
  expect(stdout + stderr).not.toContain(KEY);
});

test('a call that fails on a server that looks well is a fault, and ends with 1', async () => {
  const fake = await startFake({ misbehave: { errorAfterTokens: 0 }, msPerToken: 1 });
  const { code, stdout } = await doctor(fake.url);
  expect(code).toBe(1);
  expect(rows(stdout)).toHaveProperty('model');
  expect(stdout).toMatch(/^✗ a call failed: .*\n {2}→ /m);
});

test('--json is the status as clients read it, on one line', async () => {
  const fake = await startFake({ msPerToken: 5 });
  const { code, stdout, stderr } = await doctor(fake.url, ['--json']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout.indexOf('\n')).toBe(stdout.length - 1);
  expect(statusOf(JSON.parse(stdout))).toMatchObject({ ok: true, model: 'thinkmeter-demo' });
});

test('--json with a fault is JSON all the same, and ends with 1', async () => {
  const { code, stdout } = await doctor(NOBODY, ['--json']);
  expect(code).toBe(1);
  const { ok, faults } = statusOf(JSON.parse(stdout));
  expect({ ok, faults: faults.length }).toEqual({ ok: false, faults: 1 });
});

test('a setting that is none is told before anything is asked', async () => {
  const { code, stdout, stderr } = await doctor('gpu-box');
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^thinkmeter: --base-url is gpu-box: it must be the http:\/\/ or https:/);
});

// the status throws the bare AbortError: "a bug, please report it", and 70
test('Ctrl-C while it looks ends with 1, quietly', async () => {
  const { url, heard } = await startSilent();
  const program = new Program({ args: ['doctor', '--base-url', url] });
  onTestFinished(() => program.kill());
  await expect.poll(heard, { timeout: 15_000 }).toBeGreaterThan(0);
  program.child.kill('SIGINT');
  expect(await program.ended).toEqual({ code: 1, signal: null });
  expect(program).toMatchObject({ stdout: '', stderr: '' });
});
