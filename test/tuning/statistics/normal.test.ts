import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { normalQuantile } from '../../../src/tuning/statistics/normal.ts';

test.each([
  { probability: 0.5, quantile: 0 },
  { probability: 0.9, quantile: 1.2815515655446004 },
  { probability: 0.95, quantile: 1.6448536269514722 },
  { probability: 0.975, quantile: 1.959963984540054 },
  { probability: 0.001, quantile: -3.090232306167813 },
  { probability: 1e-5, quantile: -4.264890793922825 },
  { probability: 1e-8, quantile: -5.612001244174965 },
])('a normal variable is below $quantile with probability $probability', ({ probability, quantile }) => {
  expect(normalQuantile(probability)).toBeCloseTo(quantile, 12);
});

const probability = fc.double({ min: 1e-10, max: 0.5, noNaN: true });

test('the quantiles are symmetric and rise', () => {
  fc.assert(
    fc.property(probability, probability, (one, other) => {
      fc.pre(one < other * (1 - 1e-9));
      expect(normalQuantile(one)).toBeLessThan(normalQuantile(other));
    }),
  );
  // 1 - p is exact for these
  for (const exact of [0.25, 0.0625, 2 ** -20]) {
    expect(normalQuantile(1 - exact)).toBeCloseTo(-normalQuantile(exact), 12);
  }
});
