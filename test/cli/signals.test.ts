/** Ctrl-C and SIGTERM while something runs: it ends soon, quietly, with a code of its own. */
import { expect, onTestFinished, test } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { neverStopsThinking } from '../support/fake-vllm/scripts.ts';
import { startFakeVllm } from '../support/fake-vllm/server.ts';
import { IN_SECONDS } from '../support/in-seconds.ts';
import { Program, runProgram, type End } from '../support/program.ts';

type Ended = End & { readonly stderr: string };

const LONG_SUM = '12^2 + 345*7 - 2^9 + 678*3 - 19^2 + 4^5 + 11^2 + 23*7 + 5^4 = ?';

test('ask ends with 1 on Ctrl-C, says nothing more, and the generation ends upstream', IN_SECONDS, async () => {
  const fake = await startFakeVllm({ script: neverStopsThinking(), msPerToken: 20 });
  onTestFinished(() => fake.close());
  const program = new Program({ args: ['ask', 'x'], env: { THINKMETER_BASE_URL: fake.url } });
  onTestFinished(() => program.kill());
  await expect.poll(() => fake.running(), { timeout: 15_000, interval: 5 }).toBe(1);
  const at = performance.now();
  program.child.kill('SIGINT');
  expect(await program.ended).toEqual({ code: 1, signal: null });
  expect(performance.now() - at).toBeLessThan(3000);
  await expect.poll(() => fake.running()).toBe(0);
  expect(program).toMatchObject({ stdout: '', stderr: '' });
});

// its thread must not be ended while onnxruntime computes a token: that takes the whole process down (SIGABRT)
test('ask on the demo model ends with 1 on Ctrl-C in mid-thought', async () => {
  const from = performance.now();
  await runProgram({ args: ['ask', '--engine', 'demo', '-b', '512', LONG_SUM] });
  const whole = performance.now() - from;
  const ends: Ended[] = [];
  for (const share of [0.6, 0.8]) {
    const program = new Program({ args: ['ask', '--engine', 'demo', '-b', '512', LONG_SUM] });
    // oxlint-disable-next-line no-await-in-loop -- one after the other: the times are those of a quiet machine
    await sleep(whole * share);
    program.child.kill('SIGINT');
    // oxlint-disable-next-line no-await-in-loop -- as above
    ends.push({ ...(await program.ended), stderr: program.stderr });
  }
  // 0 where it was done before the signal came
  expect(ends.filter(({ code, signal }) => signal !== null || (code !== 0 && code !== 1))).toEqual([]);
  expect(ends.filter(({ code, stderr }) => code === 1 && stderr !== '')).toEqual([]);
}, 180_000);

test('a reader that goes away, such as head, ends ask with 0', async () => {
  const fake = await startFakeVllm({ msPerToken: 5 });
  onTestFinished(() => fake.close());
  const program = new Program({ args: ['ask', '-q', 'x'], env: { THINKMETER_BASE_URL: fake.url } });
  program.child.stdout.destroy();
  expect(await program.ended).toEqual({ code: 0, signal: null });
  expect(program.stderr).toBe('');
});

/** The demo in a process group of its own, as a shell starts it, once its server is at work. */
async function startDemo(): Promise<Program> {
  const fake = await startFakeVllm({ script: neverStopsThinking(), msPerToken: 20 });
  onTestFinished(() => fake.close());
  const program = new Program({ args: ['demo', '--engine', 'vllm', '--base-url', fake.url], detached: true });
  onTestFinished(() => program.kill());
  await expect.poll(() => fake.running(), { timeout: 15_000, interval: 5 }).toBe(1);
  return program;
}

test('demo ends with 1 on Ctrl-C, without a stack', async () => {
  const program = await startDemo();
  const { pid } = program.child;
  if (pid === undefined) throw new Error('the demo did not start');
  process.kill(-pid, 'SIGINT');
  expect(await program.ended).toEqual({ code: 1, signal: null });
  expect(program.stderr).not.toContain('\n    at ');
});

test('demo ends soon with 1 on SIGTERM', IN_SECONDS, async () => {
  const program = await startDemo();
  const at = performance.now();
  program.child.kill('SIGTERM');
  expect(await program.ended).toEqual({ code: 1, signal: null });
  expect(performance.now() - at).toBeLessThan(5000);
});
