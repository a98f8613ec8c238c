/** Requests are retried only before the first token, and never if the first request may still be running. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createRemoteEngine } from '../../../../src/engine/remote/engine.ts';
import type { FakeVllm, RecordedRequest } from '../../../support/fake-vllm/server.ts';
import { decode, factsOf, failure, generate, generateFrom, greedily, promptOf, read } from '../../reading.ts';
import { startFake, startRoad } from '../../../support/road.ts';

const PROMPT = [4, 296, 205];

function completions({ requests }: FakeVllm): RecordedRequest[] {
  return requests.filter(({ path }) => path === '/v1/completions');
}

test.each([
  { name: 'reset before its first byte', misbehave: { resetFirst: 2 } },
  { name: 'answered 503', misbehave: { rejectFirst: { times: 2, status: 503 } } },
  { name: 'answered 429', misbehave: { rejectFirst: { times: 2, status: 429 } } },
] as const)('a request that is $name is retried without an error for the caller', async ({ misbehave }) => {
  const fake = await startFake({ misbehave });
  const { ids } = await read(generateFrom(createRemoteEngine({ baseUrl: fake.url }), PROMPT, greedily(5)));
  expect(ids).toHaveLength(5);
  expect(completions(fake)).toHaveLength(3);
});

test.each([
  { name: 'reset', misbehave: { resetFirst: 100 }, code: 'ENGINE_UNREACHABLE' },
  { name: '503', misbehave: { rejectFirst: { times: 100, status: 503 } }, code: 'ENGINE_HTTP' },
] as const)('after four attempts with $name the error is reported', async ({ misbehave, code }) => {
  const fake = await startFake({ misbehave });
  const generation = generateFrom(createRemoteEngine({ baseUrl: fake.url }), PROMPT, greedily(5));
  await expect(read(generation)).rejects.toMatchObject({ code });
  expect(completions(fake)).toHaveLength(4);
});

test.each([400, 422, 500, 502, 504])('%i is not retried', async (status) => {
  const fake = await startFake();
  const road = await startRoad(fake.url, {
    detour: ({ path }) =>
      path === '/v1/completions' ? { status, body: { error: { message: 'as it is' } } } : undefined,
  });
  const generation = generateFrom(createRemoteEngine({ baseUrl: road.url }), PROMPT, greedily(5));
  await expect(read(generation)).rejects.toMatchObject({
    code: 'ENGINE_HTTP',
    status,
    message: `the server at ${road.url} answered ${status} to /v1/completions: as it is`,
  });
  expect(road.passed.filter(({ path }) => path === '/v1/completions')).toHaveLength(1);
});

test('a request to /tokenize is retried too', async () => {
  const fake = await startFake();
  let busy = 2;
  const road = await startRoad(fake.url, {
    detour: ({ path }) => (path === '/tokenize' && busy-- > 0 ? { status: 503, body: {} } : undefined),
  });
  expect(await factsOf(createRemoteEngine({ baseUrl: road.url }))).toMatchObject({ window: 2048 });
});

test('after a 429 with Retry-After all requests wait, and no longer than requested', async () => {
  const fake = await startFake({ misbehave: { rejectFirst: { times: 1, status: 429, retryAfterSeconds: 1 } } });
  const engine = createRemoteEngine({ baseUrl: fake.url });
  await factsOf(engine);
  const generation = generate(engine, 'x', greedily(5));
  await expect.poll(() => completions(fake).length).toBe(1);
  // until the 429 has arrived
  await sleep(250);
  const before = fake.requests.length;
  const others = [promptOf(engine, 'y'), decode(engine, PROMPT)];
  await Promise.all([generation, ...others]);
  const refusedAt = completions(fake)[0]?.at ?? 0;
  const waits = fake.requests.slice(before).map(({ at }) => at - refusedAt);
  expect(waits.length).toBeGreaterThanOrEqual(3);
  // the two clocks differ by a few milliseconds
  expect(Math.min(...waits)).toBeGreaterThan(950);
  expect(Math.max(...waits)).toBeLessThan(6000);
});

test('a Retry-After of an hour is reported at once', async () => {
  const fake = await startFake({ misbehave: { rejectFirst: { times: 1, status: 429, retryAfterSeconds: 3600 } } });
  const generation = generateFrom(createRemoteEngine({ baseUrl: fake.url }), PROMPT, greedily(5));
  await expect(read(generation)).rejects.toMatchObject({
    status: 429,
    hint: 'try again in 3600 seconds, or set THINKMETER_REQUESTS_PER_MINUTE to what the server allows',
  });
  expect(completions(fake)).toHaveLength(1);
});

test('a caller that aborts during the wait for a retry is released, and no further request is sent', async () => {
  const fake = await startFake({ misbehave: { rejectFirst: { times: 9, status: 503, retryAfterSeconds: 20 } } });
  const engine = createRemoteEngine({ baseUrl: fake.url });
  await factsOf(engine);
  const leave = new AbortController();
  const given = failure(read(generateFrom(engine, PROMPT, greedily(5), { signal: leave.signal })));
  await expect.poll(() => completions(fake).length).toBe(1);
  leave.abort();
  expect(await given).toBeInstanceOf(Error);
  expect(completions(fake)).toHaveLength(1);
});

test('no request is retried after its first token', async () => {
  const fake = await startFake({ misbehave: { dropAfterTokens: 1 } });
  const generation = generateFrom(createRemoteEngine({ baseUrl: fake.url }), PROMPT, greedily(5));
  await expect(read(generation)).rejects.toThrow('was lost during the stream');
  expect(completions(fake)).toHaveLength(1);
});
