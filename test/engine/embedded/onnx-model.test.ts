/** The demo model on onnxruntime's WebAssembly build: greedy generation, the cache, the end, the stop. */
import * as fc from 'fast-check';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { OnnxModel } from '../../../src/engine/embedded/onnx-model.ts';
import { loadRuntime } from '../../../src/engine/embedded/runtime.ts';

const folder = fileURLToPath(new URL('../../../models/thinkmeter-demo', import.meta.url));
const GRAPH = 'onnx/model_quantized.onnx';
const WASM = new URL(import.meta.resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm'));
const QUESTION = '2^10 + 3^5 - 4^3 = ?';
const RIGHT = '1203';

let model: OnnxModel;

beforeAll(async () => {
  model = await OnnxModel.load(await loadRuntime(WASM), folder, GRAPH);
});

const greedily = async (ids: readonly number[], maxTokens: number, stop = new Int32Array(1)) => {
  const [seen, texts]: [number[], string[]] = [[], []];
  const end = await model.generate({ ids, maxTokens, sampling: { temperature: 0 }, stop }, (id, text) => {
    seen.push(id);
    texts.push(text);
  });
  return { end, ids: seen, text: texts.join('') };
};

const prompt = (): readonly number[] =>
  model.template(
    [
      { role: 'system', content: 'You are a careful reasoner. /think' },
      { role: 'user', content: QUESTION },
    ],
    {},
  );

test('it thinks, closes its thinking and answers right', async () => {
  const { end, text } = await greedily(prompt(), 400);
  expect(end).toBe('stop');
  expect(text.slice(text.indexOf('</think>'))).toContain(RIGHT);
});

test('the limit ends a generation, to the token', async () => {
  expect(await greedily(prompt(), 7)).toMatchObject({ end: 'length', ids: { length: 7 } });
});

test('a set stop flag ends it before the next token', async () => {
  expect(await greedily(prompt(), 7, new Int32Array([1]))).toMatchObject({ end: 'abort', ids: [] });
});

test('whatever the cache holds, the tokens are those of a fresh model', async () => {
  const ids = prompt();
  const { ids: whole } = await greedily(ids, 60);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 55 }), fc.integer({ min: 1, max: 5 }), async (kept, count) => {
      // another text, then the kept beginning of the first one: the cache is cut, or begun anew
      const { ids: next } = await greedily([...ids, ...whole.slice(0, kept)], count);
      expect(next).toEqual(whole.slice(kept, kept + count));
    }),
    { numRuns: 12 },
  );
});

test('the ids of a text give the text again', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9+*^=?-]{1,40}$/), (text) => {
      expect(model.decode(model.encode(text))).toBe(text);
    }),
  );
});
