import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { binOf, BINS, fillBins, tokensIn, WEIGHT_ERROR } from '../../../src/engine/embedded/bins.ts';
import { extentOf } from '../../../src/engine/embedded/extent.ts';
import { fromRecipe, recipe } from './shapes.ts';

test('the sum of every bin is as exact as the choice of the nucleus assumes', () => {
  const logits = fc.float32Array({ min: -50, max: 50, noNaN: true, minLength: 2, maxLength: 400 });
  fc.assert(
    fc.property(logits, fc.double({ min: 0.05, max: 5, noNaN: true }), (given, temperature) => {
      const extent = extentOf(given);
      fc.pre(extent.lowest < extent.highest);
      const bins = fillBins(given, extent, { weighsOne: extent.highest, temperature });
      const { sums } = bins;
      const expected = new Float64Array(sums.length);
      for (const logit of given) {
        const bin = binOf(logit, bins);
        if (bin < expected.length)
          expected[bin] = (expected[bin] ?? 0) + Math.exp((logit - extent.highest) / temperature);
      }
      const allowed = (given.length + WEIGHT_ERROR) * Number.EPSILON;
      const wrong = sums.findIndex((sum, bin) => Math.abs(sum - (expected[bin] ?? 0)) > allowed * sum);
      expect(wrong).toBe(-1);
    }),
  );
});

test('the tokens in a bin are those whose logit is in it', () => {
  const property = fc.property(recipe, fc.nat({ max: BINS - 1 }), fc.boolean(), (given, any, ofAToken) => {
    const logits = fromRecipe(given);
    const extent = extentOf(logits);
    fc.pre(extent.lowest < extent.highest);
    const bins = fillBins(logits, extent, { weighsOne: extent.highest, temperature: 1 });
    const bin = ofAToken ? Math.min(binOf(logits[any] ?? 0, bins), BINS - 1) : any;
    const tokens = Array.from(logits.keys()).filter((token) => binOf(logits[token] ?? 0, bins) === bin);
    expect(tokensIn(bin, bins, logits)).toEqual(tokens);
  });
  fc.assert(property, { numRuns: 60 });
});

test('the extent is that of all possible logits', () => {
  const anyLogit = fc.oneof(fc.float({ noNaN: true }), fc.constant(-Infinity));
  fc.assert(
    fc.property(fc.array(anyLogit, { maxLength: 30 }), (given) => {
      const possible = given.filter((logit) => logit !== -Infinity);
      const expected = { highest: Math.max(...given), lowest: Math.min(...possible) };
      // -0 and 0 are the same logit
      const { highest, lowest } = extentOf(Float32Array.from(given));
      expect(highest === expected.highest && lowest === expected.lowest).toBe(true);
    }),
  );
});

test('one NaN makes the extent NaN', () => {
  for (const at of [0, 3, 4])
    expect(extentOf(new Float32Array(5).fill(1).fill(NaN, at, at + 1))).toEqual({ highest: NaN, lowest: NaN });
});
