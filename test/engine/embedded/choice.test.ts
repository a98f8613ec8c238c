/** What `generate()` of transformers.js is given. */
import { Tensor } from '@huggingface/transformers';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { toChoice, Watch } from '../../../src/engine/embedded/choice.ts';
import type { Sampling } from '../../../src/prompt/family.ts';

function processed(logits: readonly number[], sampling: Sampling): Tensor {
  const processors = toChoice(sampling).logits_processor;
  if (processors === null) throw new Error('greedy');
  return processors._call([[1n]], new Tensor('float32', Float32Array.from(logits), [1, logits.length]));
}

test('what the logits processor returns has one possible token, which had been possible', () => {
  const logits = fc.array(fc.oneof(fc.float({ noNaN: true }), fc.constant(-Infinity)), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(logits, (given) => {
      fc.pre(given.some((logit) => logit > -Infinity));
      const { data, dims } = processed(given, { temperature: 1.5, topP: 0.9 });
      const possible = Array.from(data as Float32Array).flatMap((logit, token) => (logit > -Infinity ? [token] : []));
      expect(possible).toHaveLength(1);
      expect(given[possible[0] ?? 0]).toBeGreaterThan(-Infinity);
      expect(dims).toEqual([1, data.length]);
    }),
  );
});

test('with next to none of top_p it is the highest', () => {
  const { data } = processed([1, 5, 7, 2], { temperature: 2, topP: 1e-9 });
  expect([...(data as Float32Array)]).toEqual([-Infinity, -Infinity, 0]);
});

test('temperature 0 leaves the logits to transformers.js', () => {
  expect(toChoice({ temperature: 0, topP: 0.9 })).toMatchObject({ do_sample: false, logits_processor: null });
});

test.each([{ temperature: 0 }, { temperature: 1.5, topP: 0.9 }])(
  'margins are of the logits as the model gave them, %o',
  (sampling) => {
    const watch = new Watch(2);
    const processors = toChoice(sampling, watch).logits_processor;
    processors?._call([[1n]], new Tensor('float32', Float32Array.of(4, 9, 6.5), [1, 3]));
    expect([0, 1, 2].map((id) => watch.marginOf(id))).toEqual([-2.5, 2.5, 0]);
  },
);
