import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normalQuantile } from '../../../src/tuning/statistics/normal.ts';
import { countsOf, intervalOf, meanOf, scoreAt, varianceAt } from '../../../src/tuning/statistics/score.ts';
import { tangoScore, wilson } from './other-intervals.ts';

const SHARES = { least: 0, most: 1 };
const DIFFERENCES = { least: -1, most: 1 };
const Z = normalQuantile(0.975);

function pairs(won: number, lost: number, same: number): number[] {
  return [...Array<number>(won).fill(1), ...Array<number>(lost).fill(-1), ...Array<number>(same).fill(0)];
}

/** Differences of shares with up to four repeats. */
const differences = fc.integer({ min: 1, max: 4 }).chain((repeats) =>
  fc.array(
    fc
      .oneof({ weight: 2, arbitrary: fc.constant(0) }, fc.integer({ min: -repeats, max: repeats }))
      .map((k) => k / repeats),
    { minLength: 1, maxLength: 60 },
  ),
);
const inside = fc.integer({ min: -990, max: 990 }).map((thousandths) => thousandths / 1000);

describe('right answers only', () => {
  test('the interval of zeros and ones is that of Wilson', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(300), (right, wrong) => {
        fc.pre(right + wrong > 0);
        const counts = countsOf([...Array<number>(right).fill(1), ...Array<number>(wrong).fill(0)]);
        const { low, high } = intervalOf(counts, SHARES, Z);
        const theirs = wilson(right, right + wrong, Z);
        expect(low).toBeCloseTo(theirs.low, 12);
        expect(high).toBeCloseTo(theirs.high, 12);
      }),
    );
  });

  test('the score of pairs is that of Tango', () => {
    fc.assert(
      fc.property(fc.nat(30), fc.nat(30), fc.nat(300), inside, (won, lost, same, assumed) => {
        const cases = won + lost + same;
        fc.pre(cases > 0);
        const theirs = tangoScore(won, lost, cases, assumed);
        fc.pre(Number.isFinite(theirs));
        const ours = scoreAt(countsOf(pairs(won, lost, same)), DIFFERENCES, assumed);
        expect(Math.abs(ours - theirs)).toBeLessThan(1e-6 * Math.max(1, Math.abs(theirs)));
      }),
    );
  });
});

test('if nothing was seen at an end of the range, that end takes the weight that the values cannot balance', () => {
  // half the weight moves from 0.5 to 0: each is 0.25 away from the assumed mean
  expect(varianceAt(countsOf([0.5, 0.5, 0.5]), SHARES, 0.25)).toBeCloseTo(0.0625, 12);
  expect(varianceAt(countsOf([0.5, 0.5, 0.5]), SHARES, 0.75)).toBeCloseTo(0.0625, 12);
});

test('at the mean, the variance is that of the values', () => {
  expect(varianceAt(countsOf([0, 0.5, 1, 1]), SHARES, 0.625)).toBeCloseTo(0.171875, 10);
});

test.each([
  { name: 'all at the lower end', values: [0, 0, 0, 0], low: 0, high: Z ** 2 / (4 + Z ** 2) },
  { name: 'all at the upper end', values: [1, 1, 1, 1], low: 4 / (4 + Z ** 2), high: 1 },
  { name: 'none', values: [], low: 0, high: 1 },
])('at the edges: $name', ({ values, low, high }) => {
  const interval = intervalOf(countsOf(values), SHARES, Z);
  expect(interval.low).toBeCloseTo(low, 12);
  expect(interval.high).toBeCloseTo(high, 12);
  expect([interval.low === 0, interval.high === 1]).toEqual([low === 0, high === 1]);
});

test('without values nothing is shown', () => {
  expect(scoreAt(countsOf([]), DIFFERENCES, -0.01)).toBe(0);
});

test('the higher the assumed mean, the lower the score', () => {
  fc.assert(
    fc.property(differences, inside, inside, (values, one, other) => {
      fc.pre(one < other);
      const counts = countsOf(values);
      const scores = [one, other].map((assumed) => scoreAt(counts, DIFFERENCES, assumed));
      expect(scores[0]).toBeGreaterThanOrEqual((scores[1] ?? 0) - 1e-6);
    }),
    { numRuns: 500 },
  );
});

test('a value that rises never lowers the score: what the extremes decide, every other outcome decides', () => {
  fc.assert(
    fc.property(differences, inside, fc.nat(), fc.nat(3), (values, assumed, place, rise) => {
      const at = place % values.length;
      const risen = values.map((value, index) => (index === at ? Math.min(1, value + (rise + 1) / 4) : value));
      const scores = [values, risen].map((all) => scoreAt(countsOf(all), DIFFERENCES, assumed));
      expect(scores[1]).toBeGreaterThanOrEqual((scores[0] ?? 0) - 1e-6);
    }),
    { numRuns: 500 },
  );
});

test('the interval contains the mean and stays in the range; a higher z widens it', () => {
  const z = fc.double({ min: 0.5, max: 5, noNaN: true });
  fc.assert(
    fc.property(differences, z, (values, width) => {
      const counts = countsOf(values);
      const [narrow, wide] = [intervalOf(counts, DIFFERENCES, width), intervalOf(counts, DIFFERENCES, width + 0.5)];
      const order = [-1, wide.low, narrow.low, meanOf(counts), narrow.high, wide.high, 1];
      for (const [index, value] of order.slice(1).entries()) {
        expect(value).toBeGreaterThanOrEqual((order[index] ?? 0) - 1e-12);
      }
    }),
  );
});
