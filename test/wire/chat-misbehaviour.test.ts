/** What goes wrong on the text road goes wrong on the chat road too, and what a buffering proxy does to both. */
import { expect, onTestFinished, test } from 'vitest';
import type { Misbehaviour } from '../support/fake-vllm/misbehaviour.ts';
import { startFakeVllm, type FakeVllm, type FakeVllmOptions } from '../support/fake-vllm/server.ts';
import { chat, chatStream, postChat } from './chat-client.ts';
import { post, somePrompt, stream } from './stream-client.ts';

/** Twelve digits, twelve tokens, all of them thinking. */
const twelve = '123456789012';

async function start(misbehave: Misbehaviour, options: FakeVllmOptions = {}): Promise<FakeVllm> {
  const fake = await startFakeVllm({ script: () => twelve, misbehave, ...options });
  onTestFinished(() => fake.close());
  return fake;
}

test.each([
  { misbehave: {}, reasoning: twelve, finishReason: 'stop', broken: false },
  { misbehave: { dropAfterTokens: 5 }, reasoning: '12345', finishReason: null, broken: true },
  { misbehave: { stopAtCap: true }, body: { max_tokens: 4 }, reasoning: '1234', finishReason: 'stop', broken: false },
  { misbehave: { clampMaxTokens: 3 }, reasoning: '123', finishReason: 'length', broken: false },
  { misbehave: { idsPerChunk: 5 }, reasoning: twelve, finishReason: 'stop', broken: false },
  {
    misbehave: { finishReason: { afterTokens: 6, reason: 'abort' } },
    reasoning: '123456',
    finishReason: 'abort',
    broken: false,
  },
  { misbehave: { truncateWithoutFinish: true }, reasoning: twelve, finishReason: null, broken: false },
  { misbehave: { garbageAfterTokens: 3 }, reasoning: twelve, finishReason: 'stop', broken: false },
] as const)('$misbehave', async ({ misbehave, reasoning, finishReason, broken, ...rest }) => {
  const answer = await chatStream(await start(misbehave), 'body' in rest ? rest.body : {});
  expect(answer).toMatchObject({ status: 200, reasoning, finishReason, broken });
});

test('garbage is no JSON', async () => {
  const answer = await chatStream(await start({ garbageAfterTokens: 3 }));
  expect(() => JSON.parse(answer.data[4] ?? '')).toThrow(SyntaxError);
});

test('errorAfterTokens ends the stream with an error event', async () => {
  const answer = await chatStream(await start({ errorAfterTokens: 3 }));
  expect(answer.reasoning).toBe('123');
  expect(answer.chunks.at(-1)?.error?.code).toBe(500);
  expect(answer.data.at(-1)).toBe('[DONE]');
});

test.each([429, 503] as const)('rejectFirst answers %i', async (status) => {
  const fake = await start({ rejectFirst: { times: 1, status, retryAfterSeconds: 2 } });
  const answer = await postChat(fake);
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([status, '2']);
  expect((await chat(fake)).choices[0].message.reasoning).toBe(twelve);
});

test('resetFirst ends the connection without a byte', async () => {
  const fake = await start({ resetFirst: 1 });
  await expect(postChat(fake)).rejects.toThrow('fetch failed');
  expect((await postChat(fake)).status).toBe(200);
});

test('noTokenIds leaves out both fields of ids', async () => {
  const fake = await start({ noTokenIds: true });
  expect((await chatStream(fake)).data.join('')).not.toContain('token_ids');
  expect(await (await postChat(fake, { return_token_ids: true })).text()).not.toContain('token_ids');
});

test('lateHeadersMs holds back the headers', async () => {
  const before = performance.now();
  await postChat(await start({ lateHeadersMs: 120 }), { stream: true });
  expect(performance.now() - before).toBeGreaterThan(110);
});

test('burst holds back headers and chunks until the generation is over', async () => {
  const fake = await start({ burst: true }, { msPerToken: 15 });
  const before = performance.now();
  const answer = await post(fake, '/v1/completions', { prompt: somePrompt, stream: true, max_tokens: 50 });
  expect(performance.now() - before).toBeGreaterThan(150);
  expect(fake.generationTokensTotal).toBe(13);
  expect((await answer.text()).endsWith('data: [DONE]\n\n')).toBe(true);
  expect(fake.requests[0]?.sentTokens).toBe(13);
});

test('burst changes nothing in what comes', async () => {
  const fake = await start({ burst: true });
  expect(await stream(fake)).toMatchObject({ text: twelve, finishReason: 'stop', broken: false });
  expect(await chatStream(fake)).toMatchObject({ reasoning: twelve, finishReason: 'stop', broken: false });
});

test('a connection that drops behind a proxy that holds back leaves nothing', async () => {
  const fake = await start({ burst: true, dropAfterTokens: 5 });
  await expect(stream(fake)).rejects.toThrow('fetch failed');
  expect(fake.requests[0]?.sentTokens).toBe(0);
});
