/** A client that gives up, or goes, is not paid for any longer: the generation upstream ends at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CLIENTS, connect } from '../support/connect.ts';
import { neverStopsThinking } from '../support/fake-vllm/scripts.ts';
import { startFakeVllm, type FakeVllm, type FakeVllmOptions } from '../support/fake-vllm/server.ts';
import { IN_SECONDS } from '../support/in-seconds.ts';
import { measured } from '../support/measured.ts';
import { Program } from '../support/program.ts';
import { runResult } from '../support/results.ts';

/** What a client may wait for until the server has let go. */
const PROMPT_MS = 1000;

/** The SDK's client closes stdin, waits for the end of the process so long, and sends SIGTERM. */
const PATIENCE_OF_SDK_MS = 2000;

async function startSlow(options: FakeVllmOptions = {}): Promise<FakeVllm> {
  const fake = await startFakeVllm({ script: neverStopsThinking(), msPerToken: 20, ...options });
  onTestFinished(() => fake.close());
  return fake;
}

async function startByHand(fake: FakeVllm): Promise<Program> {
  const program = new Program({ env: { THINKMETER_BASE_URL: fake.url } });
  onTestFinished(() => program.kill());
  await program.initialize();
  return program;
}

async function untilRunning(fake: FakeVllm, count = 1): Promise<void> {
  await expect.poll(() => fake.running(), { timeout: 15_000, interval: 5 }).toBe(count);
}

/** Waits until every generation that was begun is over, and the last was aborted; the milliseconds from a moment to then. */
async function untilAborted(fake: FakeVllm, since: number): Promise<number> {
  const generations = fake.requests.filter(({ path }) => path === '/v1/completions');
  await expect.poll(() => generations.at(-1)?.aborted, { timeout: 5000, interval: 5 }).toBe(true);
  await expect.poll(() => fake.running(), { timeout: 5000, interval: 5 }).toBe(0);
  return Math.max(...generations.map(({ abortedAt = 0 }) => abortedAt)) - since;
}

const long = { question: 'x', thinking_budget: 1024, max_seconds: 60 };
const longCall = { name: 'reason', arguments: long };

describe.each(CLIENTS)('the client %s', (client) => {
  test(
    'cancels a call, is answered the next, and closes: the generation upstream ends at once, and with its SIGTERM',
    IN_SECONDS,
    async () => {
      const fake = await startSlow();
      const connection = await connect({ client, fake });
      onTestFinished(() => connection.close());

      const giveUp = new AbortController();
      const call = connection.call('reason', long, { signal: giveUp.signal });
      await untilRunning(fake);
      const at = performance.now();
      giveUp.abort();
      await expect(call).rejects.toThrow(/abort/i);
      const cancelled = await untilAborted(fake, at);
      measured(`cancelled by ${client} to aborted upstream`, `${Math.round(cancelled)} ms`);
      expect(cancelled).toBeLessThan(PROMPT_MS);

      const tokens = fake.generationTokensTotal;
      expect(runResult(await connection.call('answer_fast', { question: 'x' })).answer).toBe('The answer is 42.');
      expect(fake.generationTokensTotal - tokens).toBeLessThan(20);

      const last = connection.call('reason', long).catch((error: unknown) => error);
      await untilRunning(fake);
      const leaving = performance.now();
      await connection.close();
      const gone = performance.now() - leaving;
      expect(await last).toBeInstanceOf(Error);
      const closed = await untilAborted(fake, leaving);
      measured(
        `closed by ${client} to aborted upstream`,
        `${Math.round(closed)} ms, process gone after ${Math.round(gone)} ms`,
      );
      expect(closed).toBeLessThan(PATIENCE_OF_SDK_MS + PROMPT_MS);
      // the SDK would have killed it after two more seconds
      expect(gone).toBeLessThan(2 * PATIENCE_OF_SDK_MS);
      expect(() => process.kill(connection.pid, 0)).toThrow('ESRCH');
    },
  );
});

test('a cancelled batch ends every generation, and begins no other', IN_SECONDS, async () => {
  const fake = await startSlow();
  const connection = await connect({ fake, env: { THINKMETER_CONCURRENCY: '4' } });
  onTestFinished(() => connection.close());
  const giveUp = new AbortController();
  const args = { instruction: 'x', items: Array.from({ length: 30 }, (_, index) => `item ${index}`), max_seconds: 60 };
  const call = connection.call('analyze_batch', args, { signal: giveUp.signal });
  await untilRunning(fake, 4);
  const at = performance.now();
  giveUp.abort();
  await expect(call).rejects.toThrow(/abort/i);
  expect(await untilAborted(fake, at)).toBeLessThan(PROMPT_MS);
  await sleep(300);
  expect(fake.requests.filter(({ path }) => path === '/v1/completions')).toHaveLength(4);
});

test('a call that waits for its first token is cancelled too', IN_SECONDS, async () => {
  const fake = await startSlow({ misbehave: { lateHeadersMs: 30_000 } });
  const connection = await connect({ fake });
  onTestFinished(() => connection.close());
  const giveUp = new AbortController();
  const call = connection.call('reason', long, { signal: giveUp.signal });
  await untilRunning(fake);
  const at = performance.now();
  giveUp.abort();
  await expect(call).rejects.toThrow(/abort/i);
  expect(await untilAborted(fake, at)).toBeLessThan(PROMPT_MS);
});

test('a call that waits for its turn is cancelled without having been asked', IN_SECONDS, async () => {
  const fake = await startSlow();
  const connection = await connect({ fake, env: { THINKMETER_CONCURRENCY: '1' } });
  onTestFinished(() => connection.close());
  const first = connection.call('reason', { ...long, thinking_budget: 64 });
  await untilRunning(fake);
  const giveUp = new AbortController();
  const second = connection.call('answer_fast', { question: 'never asked' }, { signal: giveUp.signal });
  await sleep(100);
  giveUp.abort();
  await expect(second).rejects.toThrow(/abort/i);
  const { usage } = runResult(await first);
  expect(fake.requests.filter(({ path }) => path === '/v1/completions')).toHaveLength(usage.requests);
});

test('the demo model lets go of a cancelled call as well, and answers the next', IN_SECONDS, async () => {
  const connection = await connect({ env: { THINKMETER_ENGINE: 'demo' } });
  onTestFinished(() => connection.close());
  const giveUp = new AbortController();
  const args = { instruction: 'Calculate.', items: Array.from({ length: 50 }, (_, index) => `${index}^3 + 5^4 = ?`) };
  const onprogress = ({ message = '' }: { readonly message?: string | undefined }): void => {
    if (message.startsWith('thinking')) giveUp.abort();
  };
  await expect(
    connection.call('analyze_batch', { ...args, max_seconds: 60 }, { signal: giveUp.signal, onprogress }),
  ).rejects.toThrow(/abort/i);
  const at = performance.now();
  const { answer } = runResult(await connection.call('reason', { question: '2^10 + 3^5 - 4^3 = ?' }));
  measured('the demo model’s next answer after a cancelled batch', `${Math.round(performance.now() - at)} ms`);
  expect(answer).toBe('The answer is 1203.');
  expect(performance.now() - at).toBeLessThan(5000);
});

test('a cancelled call gets no response', IN_SECONDS, async () => {
  const fake = await startSlow();
  const program = await startByHand(fake);
  const id = program.request('tools/call', longCall);
  await untilRunning(fake);
  program.notify('notifications/cancelled', { requestId: id, reason: 'no longer needed' });
  await untilAborted(fake, 0);
  await program.response(program.request('tools/list'));
  expect(program.messages().filter((message) => message.id === id)).toEqual([]);
});

const ends = [
  { name: 'its client is gone', end: (program: Program) => program.disconnect() },
  { name: 'it is sent SIGTERM', end: (program: Program) => program.child.kill('SIGTERM') },
  { name: 'it is sent SIGINT', end: (program: Program) => program.child.kill('SIGINT') },
];

test.each(ends)(
  'when $name the process ends in order, and the generation with it',
  IN_SECONDS,
  async ({ name, end }) => {
    const fake = await startSlow();
    const program = await startByHand(fake);
    program.request('tools/call', longCall);
    await untilRunning(fake);
    const at = performance.now();
    end(program);
    expect(await program.ended).toEqual({ code: 0, signal: null });
    const gone = performance.now() - at;
    measured(`${name} to process gone`, `${Math.round(gone)} ms`);
    expect(gone).toBeLessThan(5000);
    expect(await untilAborted(fake, at)).toBeLessThan(PROMPT_MS);
  },
);

test('when it is killed the generation ends as well', IN_SECONDS, async () => {
  const fake = await startSlow();
  const program = await startByHand(fake);
  program.request('tools/call', longCall);
  await untilRunning(fake);
  const at = performance.now();
  program.child.kill('SIGKILL');
  expect(await untilAborted(fake, at)).toBeLessThan(PROMPT_MS);
});

describe('max_seconds', () => {
  test(
    'brings an answer in time from a model that would think on, and says that the deadline decided',
    IN_SECONDS,
    async () => {
      const fake = await startSlow();
      const connection = await connect({ client: 'v1', fake });
      onTestFinished(() => connection.close());
      await connection.call('answer_fast', { question: 'warm up' });
      const at = performance.now();
      const args = { question: 'x', thinking_budget: 1024, answer_tokens: 16, max_seconds: 2 };
      const result = await connection.call('reason', args);
      const ms = performance.now() - at;
      measured('max_seconds 2 to result', `${Math.round(ms)} ms`);
      const { thinking, answer, warnings } = runResult(result);
      expect(thinking).toMatchObject({ ended_by: 'deadline', budget: 1024, honored: true });
      expect(thinking.tokens).toBeGreaterThan(0);
      expect(answer).toBe('The answer is 42.');
      expect(warnings.join()).toContain('max_seconds');
      expect(ms).toBeLessThan(3000);
    },
  );

  test('is a clear time-out where not one token came', IN_SECONDS, async () => {
    const fake = await startSlow({ misbehave: { firstTokenMs: 30_000 } });
    const connection = await connect({ fake });
    onTestFinished(() => connection.close());
    const at = performance.now();
    const { isError, text } = await connection.call('reason', { question: 'x', max_seconds: 2 });
    expect(isError).toBe(true);
    expect(text).toMatch(/^max_seconds passed .*Raise max_seconds/);
    expect(performance.now() - at).toBeLessThan(3000);
    await untilAborted(fake, at);
  });

  test('has the operator’s default where the call says nothing', IN_SECONDS, async () => {
    const fake = await startSlow();
    const connection = await connect({ fake, env: { THINKMETER_MAX_SECONDS: '2' } });
    onTestFinished(() => connection.close());
    await connection.call('answer_fast', { question: 'warm up', max_seconds: 30 });
    const args = { question: 'x', thinking_budget: 1024, answer_tokens: 16 };
    expect(runResult(await connection.call('reason', args)).thinking.ended_by).toBe('deadline');
  });

  test('counts the time spent waiting behind other calls', IN_SECONDS, async () => {
    const fake = await startSlow();
    const connection = await connect({ fake, env: { THINKMETER_CONCURRENCY: '1' } });
    onTestFinished(() => connection.close());
    const giveUp = new AbortController();
    const first = connection.call('reason', long, { signal: giveUp.signal });
    await untilRunning(fake);
    const at = performance.now();
    const { isError, text } = await connection.call('reason', { question: 'x', max_seconds: 1 });
    // the first would take a minute
    expect(performance.now() - at).toBeLessThan(10_000);
    expect(isError).toBe(true);
    expect(text).toMatch(/1 other call was.*THINKMETER_CONCURRENCY/);
    giveUp.abort();
    await expect(first).rejects.toThrow(/abort/i);
  });
});
