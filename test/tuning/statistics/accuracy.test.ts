import { expect, test } from 'vitest';
import { accuracyOf } from '../../../src/tuning/statistics/accuracy.ts';

const width = (shares: readonly (number | undefined)[]): number => {
  const accuracy = accuracyOf(shares);
  return accuracy === undefined ? Number.NaN : accuracy.high - accuracy.low;
};

test('without cases there is no accuracy', () => {
  expect(accuracyOf([])).toBeUndefined();
  expect(accuracyOf([undefined, undefined])).toBeUndefined();
});

test('cases that were not measured do not count', () => {
  expect(accuracyOf([1, undefined, 0, 1])).toEqual(accuracyOf([1, 0, 1]));
});

test('8 of 10: Wilson at 95 %, and at 90 %', () => {
  const shares = [1, 1, 1, 1, 1, 1, 1, 1, 0, 0];
  const accuracy = accuracyOf(shares);
  expect(accuracy).toMatchObject({ estimate: 0.8, cases: 10 });
  expect(accuracy?.low).toBeCloseTo(0.490_162, 6);
  expect(accuracy?.high).toBeCloseTo(0.943_318, 6);
  expect(accuracyOf(shares, 0.9)?.low).toBeGreaterThan(0.5);
});

test('repeats that differ within the cases tell more than one run, repeats that agree tell no more', () => {
  const agreeing = [1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0];
  const differing = agreeing.map(() => 0.75);
  expect(width(differing)).toBeLessThan(width(agreeing) / 1.5);
  expect(width(differing)).toBeGreaterThan(0);
});
