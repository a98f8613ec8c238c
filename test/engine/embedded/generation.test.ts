/** The embedded engine on the real demo model: sampling, the end of a generation, turns, the cache. */
import { fileURLToPath } from 'node:url';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { createEmbeddedEngine } from '../../../src/engine/embedded/engine.ts';
import { Thread } from '../../../src/engine/embedded/thread.ts';
import type { Engine, Limits } from '../../../src/engine/engine.ts';
import { decode, factsOf, failure, generate, generateFrom, greedily, idsFor, read } from '../reading.ts';

const worker = new URL('../../../dist/worker.js', import.meta.url);
const models = fileURLToPath(new URL('../../../models', import.meta.url));

const SHORT = '2 + 3 = ?';
const LONG = '2^10 + 3^5 - 4^3 = ?';

const engine = createEmbeddedEngine({ model: `${models}/thinkmeter-demo`, worker });
afterAll(() => engine.close());

function promptOf(question: string): Promise<readonly number[]> {
  return idsFor(engine, question);
}

function sampled(temperature: number, topP: number, maxTokens = 40): Limits {
  return { maxTokens, sampling: { temperature, topP } };
}

test('top_p is applied: with next to none of it a hot generation is the greedy one', async () => {
  const greedy = await generate(engine, LONG, greedily(40));
  expect((await generate(engine, LONG, sampled(1.5, 1e-6))).ids).toEqual(greedy.ids);
  expect((await generate(engine, LONG, sampled(2, 0.001))).ids).toEqual(greedy.ids);
});

test('temperature is applied: a hot generation with all of top_p is not always the greedy one', async () => {
  const greedy = await generate(engine, LONG, greedily(40));
  const hot: { readonly text: string }[] = [];
  // oxlint-disable-next-line no-await-in-loop -- one generation at a time; a model so sure of itself needs some tries
  for (let tries = 0; tries < 10; tries++) hot.push(await generate(engine, LONG, sampled(2, 1)));
  expect(hot.some(({ text }) => text !== greedy.text)).toBe(true);
});

test('without a sampling the model is read as its own files say: greedily', async () => {
  const greedy = await generate(engine, LONG, greedily(40));
  expect((await generate(engine, LONG, { maxTokens: 40, sampling: {} })).ids).toEqual(greedy.ids);
});

test('opening a session loads the model: ids are continued without a prompt before', async () => {
  const first = createEmbeddedEngine({ model: `${models}/thinkmeter-demo`, worker });
  onTestFinished(() => first.close());
  expect((await read(generateFrom(first, [4, 296, 205], greedily(3)))).ids).toHaveLength(3);
});

test('after the signal not one token more is handed on', async () => {
  const leave = new AbortController();
  const seen: number[] = [];
  const reading = (async () => {
    for await (const { ids } of generateFrom(engine, await promptOf(LONG), greedily(200), { signal: leave.signal })) {
      seen.push(...ids);
      if (seen.length === 5) leave.abort();
    }
  })();
  expect((await failure(reading)).name).toBe('AbortError');
  expect(seen).toHaveLength(5);
});

test('the model stops before the token after the one in work', async () => {
  const thread = new Thread(worker);
  onTestFinished(() => thread.close());
  await thread.call('load', {
    library: 'transformers',
    source: { kind: 'folder', file: 'onnx/model_quantized.onnx', parent: models, name: 'thinkmeter-demo' },
    dtype: 'q8',
  });
  const stop = new Int32Array(new SharedArrayBuffer(4));
  Atomics.store(stop, 0, 1);
  const seen: number[] = [];
  const generation = { ids: await promptOf(LONG), maxTokens: 200, sampling: { temperature: 0 }, stop };
  expect(await thread.call('generate', generation, (id) => seen.push(id))).toBe('abort');
  expect(seen).toHaveLength(1);
});

test('one generation at a time, first come, first served', async () => {
  const [first, second, third] = [await promptOf(LONG), await promptOf(SHORT), await promptOf(LONG)];
  const heard: string[] = [];
  const follow = async (name: string, ids: readonly number[]): Promise<void> => {
    for await (const piece of generateFrom(engine, ids, greedily(8))) {
      if (piece.ids.length > 0) heard.push(name);
    }
  };
  await Promise.all([follow('first', first), follow('second', second), follow('third', third)]);
  expect(heard).toEqual(['first', 'second', 'third'].flatMap((name) => Array<string>(8).fill(name)));
});

test('whoever gives up while waiting for a turn is not waited for', async () => {
  const ids = await promptOf(LONG);
  const leave = new AbortController();
  const [first, given, third] = [
    read(generateFrom(engine, ids, greedily(30))),
    failure(read(generateFrom(engine, ids, greedily(1000), { signal: leave.signal }))),
    read(generateFrom(engine, ids, greedily(30))),
  ];
  leave.abort();
  expect((await given).name).toBe('AbortError');
  expect((await third).ids).toEqual((await first).ids);
});

/** A prompt of one id has no beginning in common with any other: nothing of a cache is left after it. */
async function withoutCache(fresh: Engine, ids: readonly number[]): Promise<readonly number[]> {
  await read(generateFrom(fresh, [9], greedily(1)));
  return (await read(generateFrom(fresh, ids, greedily(12)))).ids;
}

// int8 weights are computed with scales that hang on how many tokens are read at once, so only what the model is sure of
// comes out the same
test('what is taken over from the last generation changes no token', async () => {
  const fresh = createEmbeddedEngine({ model: `${models}/thinkmeter-demo`, worker });
  onTestFinished(() => fresh.close());
  await factsOf(fresh);
  const prompt = await promptOf(LONG);
  const { ids } = await read(generateFrom(engine, prompt, greedily(40)));
  const other = await promptOf(SHORT);
  // in this order: on, back, back to the prompt, the same again, another with the same beginning, on from there
  const asked = [
    [...prompt, ...ids],
    [...prompt, ...ids.slice(0, 7)],
    prompt,
    prompt,
    other,
    [...prompt, ...ids.slice(0, 20)],
  ];
  for (const some of asked) {
    // oxlint-disable-next-line no-await-in-loop -- the order is what is tested
    const warm = await read(generateFrom(engine, some, greedily(12)));
    // oxlint-disable-next-line no-await-in-loop -- as above
    expect(warm.ids).toEqual(await withoutCache(fresh, some));
  }
});

test('a generation that was given up in the middle leaves nothing wrong behind', async () => {
  const prompt = await promptOf(LONG);
  const whole = await withoutCache(engine, prompt);
  for await (const { ids } of generateFrom(engine, prompt, greedily(100))) if (ids.includes(whole[3] ?? 0)) break;
  expect((await read(generateFrom(engine, prompt, greedily(12)))).ids).toEqual(whole);
});

test.each([
  { name: 'Korean', text: '오늘 날씨는 어때요?' },
  { name: 'an emoji of several characters', text: '👩‍👩‍👧 🙂' },
])('$name goes through template and tokenizer and comes back whole', async ({ text }) => {
  expect(await decode(engine, await promptOf(text))).toContain(text);
});
