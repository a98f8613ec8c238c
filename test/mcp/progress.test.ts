/** Progress as clients receive it, in seconds of the wall clock: the calls run side by side and take about twelve. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test, type TestContext } from 'vitest';
import { CLIENTS, connect, type CallResult, type Connection } from '../support/connect.ts';
import { neverStopsThinking } from '../support/fake-vllm/scripts.ts';
import { startFakeVllm, type FakeVllm, type FakeVllmOptions } from '../support/fake-vllm/server.ts';
import { IN_SECONDS } from '../support/in-seconds.ts';
import { measured } from '../support/measured.ts';
import { Program } from '../support/program.ts';

/** What is promised is one a second at most, sent; on the way two may come closer together. */
const JITTER_MS = 250;

type Arrival = { readonly at: number; readonly progress: number; readonly message: string };

async function startSlow({ onTestFinished }: TestContext, options: FakeVllmOptions): Promise<FakeVllm> {
  const fake = await startFakeVllm({ script: neverStopsThinking(), ...options });
  onTestFinished(() => fake.close());
  return fake;
}

type Watched = {
  readonly result: CallResult;
  readonly ms: number;
  /** from the call to the first, between two, and from the last to the result */
  readonly gaps: readonly number[];
  readonly arrivals: readonly Arrival[];
};

async function watch(connection: Connection, args: Readonly<Record<string, unknown>>): Promise<Watched> {
  const arrivals: Arrival[] = [];
  const begun = performance.now();
  const result = await connection.call('reason', args, {
    onprogress: ({ progress, message = '' }) => arrivals.push({ at: performance.now(), progress, message }),
  });
  const over = performance.now();
  const times = [begun, ...arrivals.map(({ at }) => at), over];
  const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
  return { result, ms: over - begun, gaps, arrivals };
}

function expectRhythm({ result, gaps, arrivals }: Watched): void {
  expect(result).toMatchObject({ isError: false });
  expect(Math.max(...gaps)).toBeLessThanOrEqual(5000);
  // the result itself may follow the last at once
  expect(Math.min(...gaps.slice(0, -1))).toBeGreaterThanOrEqual(1000 - JITTER_MS);
  const values = arrivals.map(({ progress }) => progress);
  expect(values).toEqual([...new Set(values)].toSorted((a, b) => a - b));
}

describe.concurrent.each(CLIENTS)('the client %s', (client) => {
  test(
    'hears at least every five seconds, at most once a second, rising; also while nothing arrives',
    IN_SECONDS,
    async (context) => {
      const fake = await startSlow(context, { msPerToken: 120 });
      const connection = await connect({ client, fake });
      context.onTestFinished(() => connection.close());
      const slow = watch(connection, { question: 'x', thinking_budget: 90, answer_tokens: 8 });
      await expect.poll(() => fake.running(), { timeout: 10_000 }).toBe(1);
      // for requests from now on: thoughts stand still, answers are shorter than that
      fake.change({ stallAfterTokens: 20 });
      const stalled = watch(connection, { question: 'x', thinking_budget: 90, answer_tokens: 8, max_seconds: 13 });
      const watched = { 'a slow run': await slow, 'a run that stands still': await stalled };
      for (const [name, call] of Object.entries(watched)) {
        const { ms, gaps, arrivals } = call;
        const [least, most] = [Math.min(...gaps.slice(0, -1)), Math.max(...gaps)].map(Math.round);
        measured(
          `progress of ${name} to ${client}`,
          `${arrivals.length} in ${Math.round(ms)} ms, gaps ${least} to ${most} ms`,
        );
      }
      for (const call of Object.values(watched)) {
        expectRhythm(call);
        expect(call.ms).toBeGreaterThan(9000);
      }
      expect(watched['a slow run'].arrivals.length).toBeGreaterThan(5);
      expect(watched['a slow run'].arrivals.at(-1)?.message).toMatch(/^\w+: \d+ thinking tokens/);
      expect(watched['a run that stands still'].result.structured).toMatchObject({
        thinking: { ended_by: 'deadline' },
      });
    },
  );
});

test.concurrent(
  'on the wire, progress has the client’s own token, and none comes after the response or without one',
  IN_SECONDS,
  async (context) => {
    const fake = await startSlow(context, { msPerToken: 40 });
    const program = new Program({ env: { THINKMETER_BASE_URL: fake.url } });
    context.onTestFinished(() => program.kill());
    await program.initialize();
    const call = { name: 'reason', arguments: { question: 'x', thinking_budget: 64 } };
    const token = 'a token of the client’s';
    const told = await program.response(program.request('tools/call', { ...call, _meta: { progressToken: token } }));
    const untold = await program.response(program.request('tools/call', call));
    await sleep(5000);
    const notifications = program.messages().filter(({ method }) => method !== undefined);
    expect(notifications.length).toBeGreaterThan(0);
    for (const { method, params, at } of notifications) {
      expect({ method, params }).toMatchObject({ method: 'notifications/progress', params: { progressToken: token } });
      expect(at).toBeLessThanOrEqual(told.at);
    }
    expect(program.messages().at(-1)?.id).toBe(untold.id);
  },
);
