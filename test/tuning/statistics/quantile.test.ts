import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { mean, quantile } from '../../../src/tuning/statistics/quantile.ts';

test('without values there is neither', () => {
  expect([mean([]), quantile([], 0.95)]).toEqual([undefined, undefined]);
});

test('the mean', () => {
  expect(mean([1, 2, 6])).toBe(3);
});

test.each([
  { share: 0, value: 1 },
  { share: 0.5, value: 10 },
  { share: 0.95, value: 19 },
  { share: 0.951, value: 20 },
  { share: 1, value: 20 },
])('of 1 to 20, unsorted, at $share: $value', ({ share, value }) => {
  const values = Array.from({ length: 20 }, (_, index) => ((index * 7) % 20) + 1);
  expect(quantile(values, share)).toBe(value);
});

test('a quantile is a value, and its share of the values does not exceed it', () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1, maxLength: 40 }), share, (values, at) => {
      const found = quantile(values, at);
      if (found === undefined) throw new Error('no quantile');
      expect(values).toContain(found);
      expect(values.filter((value) => value <= found).length).toBeGreaterThanOrEqual(values.length * at - 1e-9);
      expect(values.filter((value) => value < found).length).toBeLessThanOrEqual(values.length * at);
    }),
  );
});
