import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { extentOf, fillBins, WEIGHT_ERROR } from '../../../src/engine/embedded/bins.ts';

test('the sum of every bin is as exact as the choice of the nucleus assumes', () => {
  const logits = fc.float32Array({ min: -50, max: 50, noNaN: true, minLength: 2, maxLength: 400 });
  fc.assert(
    fc.property(logits, (given) => {
      const extent = extentOf(given);
      fc.pre(extent.lowest < extent.highest);
      const { sums, binOf } = fillBins(given, extent, extent.highest);
      const expected = new Float64Array(sums.length);
      for (const [token, logit] of given.entries()) {
        const bin = binOf[token] ?? 0;
        if (bin < expected.length) expected[bin] = (expected[bin] ?? 0) + Math.exp(logit - extent.highest);
      }
      const allowed = (given.length + WEIGHT_ERROR) * Number.EPSILON;
      for (const [bin, sum] of sums.entries())
        expect(Math.abs(sum - (expected[bin] ?? 0))).toBeLessThanOrEqual(allowed * sum);
    }),
  );
});
