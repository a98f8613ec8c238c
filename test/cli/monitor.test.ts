/** The live view, as a program: once and as JSON, and until it is stopped. */
import { expect, onTestFinished, test } from 'vitest';
import { startFakeVllm } from '../support/fake-vllm/server.ts';
import { neverStopsThinking } from '../support/fake-vllm/scripts.ts';
import { Program, runProgram } from '../support/program.ts';

async function fakeUrl(): Promise<string> {
  const fake = await startFakeVllm({ script: neverStopsThinking(), msPerToken: 1 });
  onTestFinished(() => fake.close());
  return fake.url;
}

test('once, as JSON: the status, and a timed request within its budget', async () => {
  const { code, stdout } = await runProgram({ args: ['monitor', '--once', '--json', '--base-url', await fakeUrl()] });
  expect(code).toBe(0);
  const view = JSON.parse(stdout) as Record<string, unknown>;
  expect(view).toMatchObject({
    ok: true,
    model: 'thinkmeter-demo',
    load: { running: 0, waiting: 0 },
    spent: { calls: 1 },
    probe: { thinking_tokens: 256, ended_by: 'budget', honored: true },
  });
  expect(view['gpus']).toBeInstanceOf(Array);
});

test('once, without a timed request: nothing is spent', async () => {
  const { stdout } = await runProgram({ args: ['monitor', '--once', '--probe', '0', '--base-url', await fakeUrl()] });
  expect(stdout).toMatch(/ready: thinkmeter-demo on vllm 0\.32\.0 at /);
  expect(stdout).toMatch(/used since the start: 0 calls, 0 thinking tokens, 0 answer tokens/);
  expect(stdout).toMatch(/timed request: none yet/);
});

test('a server that is not there is a view, not an end', async () => {
  const { code, stdout } = await runProgram({
    args: ['monitor', '--once', '--json', '--base-url', 'http://127.0.0.1:9'],
  });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    ok: false,
    probe: { fault: expect.stringMatching(/^No server answers/) },
  });
});

test('it goes on until it is stopped, and then ends quietly', async () => {
  const program = new Program({ args: ['monitor', '--every', '0.2', '--probe', '0', '--base-url', await fakeUrl()] });
  onTestFinished(() => program.kill());
  await expect.poll(() => program.stdout.split('thinkmeter monitor').length, { timeout: 15_000 }).toBeGreaterThan(3);
  program.child.kill('SIGINT');
  expect(await program.ended).toEqual({ code: 1, signal: null });
  expect(program.stderr).toBe('');
});

test.each([
  ['--every', 'soon'],
  ['--probe', '-1'],
])('%s %s is refused', async (flag, value) => {
  const { code, stderr } = await runProgram({ args: ['monitor', flag, value, '--engine', 'demo'] });
  expect(code).toBe(2);
  expect(stderr).toContain(`${flag} is ${value}, but must be a number of seconds`);
});
