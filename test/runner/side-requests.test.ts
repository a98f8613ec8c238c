/** Requests beside a generation that fail, hang, or meet a page of a gateway: no token that was paid for is lost. */
import { expect, test } from 'vitest';
import { startRoad, type Detour } from '../support/road.ts';
import { neverStopsThinking, thinks } from '../support/fake-vllm/scripts.ts';
import { jumpingClock, remoteRunner } from '../support/remote-runner.ts';
import { startFake, times } from '../support/start-fake.ts';

const PAGE = { status: 404, body: '<html>not found</html>' };

/** A gateway that answers the n-th request to a path (from 1) with a page of its own, and passes on all others. */
function pageAt(path: string, ...turns: readonly number[]): Detour {
  let turn = 0;
  return (passing) => (passing.path === path && turns.includes(++turn) ? PAGE : undefined);
}

const inTwos = { idsPerChunk: 2 };

test.each([
  { name: 'thinking closes by itself', script: thinks('2 + 2 is 4.', 'The answer is 4.'), budget: 64, requests: 1 },
  { name: 'thinking is cut', script: neverStopsThinking(undefined, 'The answer is 4.'), budget: 7, requests: 2 },
])('B5: /detokenize answers 500: $name all the same', async ({ script, budget, requests }) => {
  const fake = await startFake({ script, misbehave: inTwos });
  let isBroken = false;
  const road = await startRoad(fake.url, {
    detour: ({ path }) => (isBroken && path === '/detokenize' ? { status: 500, body: {} } : undefined),
  });
  const { ask } = remoteRunner(road.url);
  await ask();
  isBroken = true;
  const outcome = await ask({ budget, text: 'Another one?' });
  expect(outcome).toMatchObject({ answer: 'The answer is 4.', requests, honored: true });
  expect(outcome.counts.thinking).toBeLessThanOrEqual(budget);
  expect(outcome.counts.thinking).toBeGreaterThan(0);
});

test('B7: /v1/completions disappears between the two requests of a cut: the answer comes over chat completions', async () => {
  const fake = await startFake({ script: neverStopsThinking(undefined, 'The answer is 4.') });
  const road = await startRoad(fake.url, { detour: pageAt('/v1/completions', 2) });
  const { ask } = remoteRunner(road.url);
  const outcome = await ask({ budget: 16 });
  expect(outcome).toMatchObject({ answer: 'The answer is 4.', thinkingEndedBy: 'budget', countedBy: 'ids' });
  expect(outcome.counts.thinking).toBeGreaterThan(0);
  expect(times(fake, '/v1/chat/completions')).toBeGreaterThan(0);
});

test('B7: no endpoint is left for the answer: the error keeps the thinking, and is not called a bug', async () => {
  const fake = await startFake({ script: neverStopsThinking() });
  let isGone = false;
  const road = await startRoad(fake.url, {
    detour: ({ path }) => {
      if (path === '/v1/completions' && !isGone) {
        isGone = true;
        return undefined;
      }
      return isGone && path.startsWith('/v1/') ? PAGE : undefined;
    },
  });
  const { ask, runs } = remoteRunner(road.url);
  const error = (await ask({ budget: 16 }).catch((reason: unknown) => reason)) as { partial: { runId: string } };
  expect(error).toMatchObject({ audience: 'operator', partial: { reasoning: expect.stringMatching(/\S/) as string } });
  expect(runs.get(error.partial.runId)).toMatchObject({ thinking: { tokens: expect.any(Number) as number } });
});

test('B8: one page of a gateway does not take token ids away for longer than a minute', async () => {
  const clock = jumpingClock();
  const fake = await startFake();
  const road = await startRoad(fake.url, { detour: pageAt('/v1/completions', 1) });
  const { ask } = remoteRunner(road.url, { clock });
  expect(await ask()).toMatchObject({ answer: 'The answer is 4.', countedBy: 'usage' });
  clock.jump(61_000);
  // the refresh is made beside this one
  await ask();
  await expect.poll(async () => (await ask()).countedBy).toBe('ids');
});

test('B11: an answer is returned before the figures after it have been read', async () => {
  const fake = await startFake({ script: neverStopsThinking(undefined, 'The answer is 4.') });
  const road = await startRoad(fake.url, {
    detour: ({ path }) =>
      path === '/metrics' && fake.running() === 0 && times(fake, '/v1/completions') > 1 ? 'silence' : undefined,
  });
  const { ask, engine } = remoteRunner(road.url);
  // the two seconds are for the run alone
  await engine.open({ signal: new AbortController().signal });
  expect(await ask({ budget: 16, maxSeconds: 2 })).toMatchObject({ answer: 'The answer is 4.', requests: 2 });
});

test('B15: a 400 of /detokenize is not taken for a refusal of the server’s own budget', async () => {
  const fake = await startFake({ model: 'thinkmeter-demo-3', misbehave: inTwos });
  let isBroken = false;
  const road = await startRoad(fake.url, {
    detour: ({ path }) =>
      isBroken && path === '/detokenize' ? { status: 400, body: { error: { message: 'no' } } } : undefined,
  });
  const { ask, evidence, engine } = remoteRunner(road.url, { mechanism: 'native' });
  await ask();
  isBroken = true;
  expect(await ask({ budget: 5, text: 'Another one?' })).toMatchObject({ mechanism: 'native', requests: 1 });
  const { facts } = await engine.open({ signal: new AbortController().signal });
  expect(evidence.of(facts.server).known(0).native).not.toMatchObject({ held: false });
  expect(fake.running()).toBe(0);
});
