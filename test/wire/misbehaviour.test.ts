/** Each misbehaviour of the fake server does what its name says; the tests of the client rest on that. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { Misbehaviour } from '../support/fake-vllm/misbehaviour.ts';
import { startFakeVllm, type FakeVllm, type FakeVllmOptions } from '../support/fake-vllm/server.ts';
import { post, somePrompt, stream } from './stream-client.ts';

/** Twelve digits, twelve tokens. */
const twelve = '123456789012';

async function start(misbehave: Misbehaviour, options: FakeVllmOptions = {}): Promise<FakeVllm> {
  const fake = await startFakeVllm({ script: () => twelve, misbehave, ...options });
  onTestFinished(() => fake.close());
  return fake;
}

test('a well-behaved server sends every token and ends in order', async () => {
  const answer = await stream(await start({}));
  expect(answer).toMatchObject({ status: 200, text: twelve, finishReason: 'stop', broken: false });
  expect(answer.ids).toHaveLength(13);
  expect(answer.data.at(-1)).toBe('[DONE]');
});

test('dropAfterTokens breaks the connection after exactly that many tokens', async () => {
  const fake = await start({ dropAfterTokens: 5 });
  for (const _ of ['first', 'second']) {
    const answer = await stream(fake);
    expect(answer).toMatchObject({ status: 200, text: '12345', finishReason: null, broken: true });
  }
  expect(fake.requests[0]).toMatchObject({ aborted: false, sentTokens: 5 });
  expect(fake.generationTokensTotal).toBe(10);
});

test('dropAfterTokens of zero breaks between the headers and the first token', async () => {
  expect(await stream(await start({ dropAfterTokens: 0 }))).toMatchObject({ status: 200, data: [], broken: true });
});

test('dropTimes ends the dropping', async () => {
  const fake = await start({ dropAfterTokens: 5, dropTimes: 1 });
  expect(await stream(fake)).toMatchObject({ broken: true });
  expect(await stream(fake)).toMatchObject({ broken: false, text: twelve });
});

test('a whole answer is dropped too', async () => {
  const fake = await start({ dropAfterTokens: 5 });
  await expect(post(fake, '/v1/completions', { prompt: somePrompt })).rejects.toThrow('fetch failed');
});

test('idsPerChunk puts that many ids under one text', async () => {
  const answer = await stream(await start({ idsPerChunk: 5 }));
  expect(answer.chunks.map(({ choices }) => [choices[0]?.text, choices[0]?.token_ids?.length])).toEqual([
    ['12345', 5],
    ['67890', 5],
    ['12', 3],
  ]);
});

test('lateHeadersMs holds back the headers', async () => {
  const fake = await start({ lateHeadersMs: 120 });
  const before = performance.now();
  await post(fake, '/v1/completions', { prompt: somePrompt, stream: true });
  expect(performance.now() - before).toBeGreaterThan(110);
});

test('firstTokenMs sends the headers at once and the first token late', async () => {
  const fake = await start({ firstTokenMs: 60_000 });
  const begun = await post(fake, '/v1/completions', { prompt: somePrompt, stream: true });
  expect([begun.status, fake.generationTokensTotal]).toEqual([200, 0]);
  await begun.body?.cancel();
  fake.change({ firstTokenMs: 200 });
  const before = performance.now();
  await (await post(fake, '/v1/completions', { prompt: somePrompt, stream: true })).text();
  expect(performance.now() - before).toBeGreaterThan(190);
});

test.each([429, 500, 503] as const)('rejectFirst answers %i, and then all is well', async (status) => {
  const fake = await start({ rejectFirst: { times: 2, status, retryAfterSeconds: 3 } });
  for (const _ of ['first', 'second']) {
    const answer = await stream(fake);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('retry-after')).toBe('3');
  }
  expect(await stream(fake)).toMatchObject({ status: 200, text: twelve });
});

test('resetFirst ends the connection without a byte, and then all is well', async () => {
  const fake = await start({ resetFirst: 1 });
  await expect(stream(fake)).rejects.toThrow('fetch failed');
  expect(await stream(fake)).toMatchObject({ status: 200, text: twelve });
  expect(fake.requests.map(({ aborted }) => aborted)).toEqual([false, false]);
});

test('stopAtCap calls the limit a stop', async () => {
  const answer = await stream(await start({ stopAtCap: true }), { max_tokens: 4 });
  expect(answer).toMatchObject({ text: '1234', finishReason: 'stop' });
});

test('clampMaxTokens gives fewer tokens than asked for, in silence', async () => {
  const answer = await stream(await start({ clampMaxTokens: 3 }), { max_tokens: 10 });
  expect(answer).toMatchObject({ status: 200, text: '123', finishReason: 'length' });
});

test('garbageAfterTokens puts an event that is no JSON among the others', async () => {
  const answer = await stream(await start({ garbageAfterTokens: 3 }));
  expect(() => JSON.parse(answer.data[3] ?? '')).toThrow(SyntaxError);
  expect(answer).toMatchObject({ text: twelve, finishReason: 'stop' });
});

test('errorAfterTokens ends the stream with an error event', async () => {
  const answer = await stream(await start({ errorAfterTokens: 3 }));
  expect(answer).toMatchObject({ status: 200, text: '123', broken: false });
  expect(answer.chunks.at(-1)?.error?.code).toBe(500);
  expect(answer.data.at(-1)).toBe('[DONE]');
});

test.each(['repetition', 'abort'] as const)('finishReason ends with "%s"', async (reason) => {
  const answer = await stream(await start({ finishReason: { afterTokens: 6, reason } }));
  expect(answer).toMatchObject({ text: '123456', finishReason: reason });
});

test('stallAfterTokens sends no more and keeps the connection until the client leaves', async () => {
  const fake = await start({ stallAfterTokens: 4 });
  const leave = new AbortController();
  const answer = stream(fake, {}, { signal: leave.signal });
  await expect.poll(() => fake.requests[0]?.sentTokens).toBe(4);
  await sleep(150);
  expect(fake.running()).toBe(1);
  expect(fake.requests[0]?.sentTokens).toBe(4);
  leave.abort();
  expect(await answer).toMatchObject({ text: '1234', broken: true });
  await expect.poll(() => fake.running()).toBe(0);
});

test('noTokenize has no /tokenize', async () => {
  const answer = await post(await start({ noTokenize: true }), '/tokenize', { prompt: 'a' });
  expect(answer.status).toBe(404);
  expect(await answer.json()).toEqual({ detail: 'Not Found' });
});

test('noTokenIds leaves out both fields of ids', async () => {
  const fake = await start({ noTokenIds: true });
  const answer = await stream(fake);
  expect(answer).toMatchObject({ text: twelve, ids: [] });
  expect(answer.data.join('')).not.toContain('token_ids');
  const whole = await post(fake, '/v1/completions', { prompt: somePrompt, return_token_ids: true });
  expect(await whole.text()).not.toContain('token_ids');
});

test('truncateWithoutFinish ends the body in order, without the last chunk and [DONE]', async () => {
  const answer = await stream(await start({ truncateWithoutFinish: true }), {
    stream_options: { include_usage: true },
  });
  expect(answer).toMatchObject({ text: twelve, finishReason: null, broken: false });
  expect(answer.data).toHaveLength(12);
});

test('ignoreAbort goes on generating after the client left', async () => {
  const fake = await start({ ignoreAbort: true }, { msPerToken: 10 });
  const leave = new AbortController();
  const answer = stream(fake, {}, { signal: leave.signal });
  await expect.poll(() => fake.requests[0]?.sentTokens, { interval: 5 }).toBeGreaterThan(1);
  leave.abort();
  await answer;
  await expect.poll(() => fake.generationTokensTotal).toBe(13);
  expect(fake.requests[0]?.aborted).toBe(true);
  expect(fake.requests[0]?.sentTokens).toBeLessThan(13);
});

test('misbehaviours combine, and change while the server runs', async () => {
  const fake = await start({ resetFirst: 1, idsPerChunk: 4, dropAfterTokens: 6 });
  await expect(stream(fake)).rejects.toThrow('fetch failed');
  expect((await stream(fake)).chunks.map(({ choices }) => choices[0]?.text)).toEqual(['1234', '56']);
  fake.change({});
  expect(await stream(fake)).toMatchObject({ text: twelve, broken: false });
});
