/** What reaches the server, field by field. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createRemoteEngine, type RemoteOptions } from '../../../../src/engine/remote/engine.ts';
import { neverStopsThinking } from '../../../support/fake-vllm/scripts.ts';
import type { FakeVllm, RecordedRequest } from '../../../support/fake-vllm/server.ts';
import { decode, factsOf, failure, generate, generateFrom, greedily, idsFor, promptOf, read } from '../../reading.ts';
import { startFake, startRoad } from '../../../support/road.ts';

function engineAt({ url }: Pick<FakeVllm, 'url'>, options: Partial<RemoteOptions> = {}) {
  return createRemoteEngine({ baseUrl: url, ...options });
}

function asked({ requests }: FakeVllm, path: string): RecordedRequest[] {
  return requests.filter((request) => request.path === path);
}

test.each([
  { name: 'greedy', sampling: { temperature: 0 }, fields: { temperature: 0 } },
  { name: 'as Nano 2 thinks', sampling: { temperature: 0.6, topP: 0.95 }, fields: { temperature: 0.6, top_p: 0.95 } },
  { name: 'as Nemotron 3', sampling: { temperature: 1, topP: 1 }, fields: { temperature: 1, top_p: 1 } },
  { name: "left to the server's defaults", sampling: {}, fields: {} },
])('a generation asks for these fields and no others: $name', async ({ sampling, fields }) => {
  const fake = await startFake();
  const ids = [4, 296, 205];
  const engine = engineAt(fake);
  await read(generateFrom(engine, ids, { maxTokens: 7, sampling }));
  await read(generateFrom(engine, ids, { maxTokens: 7, sampling }));
  const body = {
    model: 'thinkmeter-demo',
    prompt: ids,
    max_tokens: 7,
    ...fields,
    stream: true,
    return_token_ids: true,
    skip_special_tokens: false,
  };
  expect(asked(fake, '/v1/completions').map((request) => request.body)).toEqual([
    // usage with every chunk, until ids have been seen to come
    { ...body, stream_options: { include_usage: true, continuous_usage_stats: true } },
    { ...body, stream_options: { include_usage: true } },
  ]);
});

test.each([
  { model: 'thinkmeter-demo', system: 'You are a careful reasoner. /no_think', templateArguments: {} },
  { model: 'thinkmeter-demo-3', system: 'You are a careful reasoner.', templateArguments: { enable_thinking: false } },
] as const)('a prompt for $model is rendered with its switch said out loud', async (row) => {
  const fake = await startFake({ model: row.model });
  await promptOf(engineAt(fake), '2 + 3 = ?', false);
  expect(asked(fake, '/tokenize').find(({ body }) => 'messages' in body)?.body).toEqual({
    model: row.model,
    messages: [
      { role: 'system', content: row.system },
      { role: 'user', content: '2 + 3 = ?' },
    ],
    add_generation_prompt: true,
    chat_template_kwargs: row.templateArguments,
  });
});

test('text alone is tokenized without a leading <s>', async () => {
  const fake = await startFake();
  await factsOf(engineAt(fake));
  const texts = asked(fake, '/tokenize').map(({ body }) => body);
  expect(texts.length).toBeGreaterThan(0);
  for (const body of texts) expect(body).toMatchObject({ add_special_tokens: false });
});

test('a generation that is aborted is aborted at the server, before it is written to its end', async () => {
  const fake = await startFake({ script: neverStopsThinking(), msPerToken: 2 });
  const engine = engineAt(fake);
  const ids = await idsFor(engine, 'x');
  const leave = new AbortController();
  const reading = (async () => {
    for await (const _ of generateFrom(engine, ids, greedily(1500), { signal: leave.signal })) leave.abort();
  })();
  expect(await failure(reading)).toBeInstanceOf(Error);
  await expect.poll(() => asked(fake, '/v1/completions')[0]?.aborted).toBe(true);
  expect(fake.running()).toBe(0);
  expect(fake.generationTokensTotal).toBeLessThan(1000);
});

test('a generation whose reader leaves is aborted at the server', async () => {
  const fake = await startFake({ script: neverStopsThinking(), msPerToken: 2 });
  const engine = engineAt(fake);
  const ids = await idsFor(engine, 'x');
  // oxlint-disable-next-line no-unreachable-loop -- that is what is tested
  for await (const _ of generateFrom(engine, ids, greedily(1500))) break;
  await expect.poll(() => asked(fake, '/v1/completions')[0]?.aborted).toBe(true);
  expect(fake.running()).toBe(0);
});

test('a generation that has not begun to answer is aborted at the server as well', async () => {
  const fake = await startFake({ misbehave: { lateHeadersMs: 20_000 } });
  const engine = engineAt(fake);
  await factsOf(engine);
  const leave = new AbortController();
  const reading = failure(read(generateFrom(engine, [4, 296], greedily(10), { signal: leave.signal })));
  await expect.poll(() => asked(fake, '/v1/completions').length).toBe(1);
  leave.abort();
  expect(await reading).toBeInstanceOf(Error);
  await expect.poll(() => asked(fake, '/v1/completions')[0]?.aborted).toBe(true);
});

test('closing the engine aborts what is under way at the server', async () => {
  const fake = await startFake({ script: neverStopsThinking(), msPerToken: 2 });
  const engine = engineAt(fake);
  const reading = failure(generate(engine, 'x', greedily(1500)));
  await expect.poll(() => asked(fake, '/v1/completions')[0]?.sentTokens ?? 0).toBeGreaterThan(2);
  await engine.close();
  expect(await reading).toBeInstanceOf(Error);
  await expect.poll(() => asked(fake, '/v1/completions')[0]?.aborted).toBe(true);
});

test('headers that come late are waited for', async () => {
  const fake = await startFake({ misbehave: { lateHeadersMs: 400, firstTokenMs: 200 } });
  const { finish, ids } = await generate(engineAt(fake), 'x', greedily(5));
  expect(ids).toHaveLength(5);
  expect(finish?.unified).toBe('length');
});

test('the connection of a finished generation is used again', async () => {
  const road = await startRoad((await startFake()).url);
  const engine = engineAt(road);
  await generate(engine, 'x', greedily(5));
  const { connections } = road;
  for (const maxTokens of [5, 400, 6]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
    await generate(engine, 'x', greedily(maxTokens));
    // oxlint-disable-next-line no-await-in-loop -- a connection is free again a moment after the last byte
    await sleep(20);
  }
  expect(road.connections).toBe(connections);
});

test('a text of many control strings is tokenized over a few connections', async () => {
  const road = await startRoad((await startFake({ window: 16_384 })).url);
  const engine = engineAt(road);
  const text = Array.from({ length: 80 }, (_, index) => `<a${index}>`).join('');
  const ids = await idsFor(engine, text);
  expect(await decode(engine, ids)).toContain(text);
  expect(road.connections).toBeLessThanOrEqual(32);
});
