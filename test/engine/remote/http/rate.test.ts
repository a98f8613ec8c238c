/** Rate limits of hosted services: the configured rate is respected, and optional requests are skipped. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test, vi, onTestFinished } from 'vitest';
import { createRemoteEngine } from '../../../../src/engine/remote/engine.ts';
import { factsOf, generate, greedily } from '../../reading.ts';
import { startFake } from '../../../support/road.ts';

/** Advances in steps, because responses between the steps take real time: three steps would end a request's limit of 15 s. */
async function pass(seconds: number): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 5) {
    // oxlint-disable-next-line no-await-in-loop -- step by step
    await vi.advanceTimersByTimeAsync(5000);
    // oxlint-disable-next-line no-await-in-loop -- as above
    await really(60);
  }
}

/** Waits on the real clock. */
async function really(ms: number): Promise<void> {
  const until = process.hrtime.bigint() + BigInt(ms) * 1_000_000n;
  // oxlint-disable-next-line no-await-in-loop -- until then
  while (process.hrtime.bigint() < until) await nextTurn();
}

test('within a minute no more requests are sent than the rate allows; the next follow later', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'Date', 'performance', 'setInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const fake = await startFake();
  const engine = createRemoteEngine({ baseUrl: fake.url, requestsPerMinute: 6 });
  const calls = Promise.all(Array.from({ length: 4 }, () => generate(engine, 'x', greedily(2))));
  await vi.waitFor(() => expect(fake.requests.length).toBe(6), { timeout: 5000 });
  await really(20);
  await pass(30);
  expect(fake.requests).toHaveLength(6);
  await pass(300);
  expect(await calls).toHaveLength(4);
  await engine.close();
});

test('with a rate limit no side paths are polled', async () => {
  const fake = await startFake();
  const engine = createRemoteEngine({ baseUrl: fake.url, requestsPerMinute: 100 });
  expect(await factsOf(engine)).toMatchObject({ countedBy: 'ids' });
  expect(new Set(fake.requests.map(({ path }) => path))).toEqual(new Set(['/v1/models', '/tokenize', '/detokenize']));
});
