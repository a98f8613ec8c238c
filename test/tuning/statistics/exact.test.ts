/** What the score test and interval do to pairs of zeros and ones, exactly. */
import { describe, expect, test } from 'vitest';
import { normalQuantile } from '../../../src/tuning/statistics/normal.ts';
import { isWithin } from '../../../src/tuning/statistics/recommend.ts';
import { countsFor, exactCoverage, outcomesOf, scoreInterval } from './exact.ts';
import { agrestiMin, newcombe } from './other-intervals.ts';

const [TWO_SIDED, ONE_SIDED] = [normalQuantile(0.975), normalQuantile(0.95)];

/** How often a budget passes that loses exactly the tolerance. */
function errorAt(cases: number, tolerance: number, won: number): number {
  let error = 0;
  for (const outcome of outcomesOf(cases, { won, lost: won + tolerance })) {
    if (isWithin(countsFor(outcome, cases), tolerance)) error += outcome.probability;
  }
  return error;
}

test.each([
  { cases: 50, tolerance: 0.05 },
  { cases: 52, tolerance: 0.05 },
  { cases: 200, tolerance: 0.02 },
  { cases: 200, tolerance: 0.05 },
  { cases: 268, tolerance: 0.01 },
])('a loss of $tolerance passes in about 5 % of the tunings with $cases cases, in 7 % at worst', (row) => {
  const errors = [0, 0.005, 0.01, 0.03, 0.1].map((won) => errorAt(row.cases, row.tolerance, won));
  expect(Math.max(...errors)).toBeLessThanOrEqual(0.07);
  // if pairs differ in both directions, the test is nearly exact
  expect(errors.at(-1)).toBeGreaterThan(0.04);
  expect(errors.at(-1)).toBeLessThan(0.0525);
});

test('the worst is where no pair may differ: 268 cases, one point', () => {
  expect(errorAt(268, 0.01, 0)).toBeCloseTo(0.99 ** 268, 8);
});

describe('intervals at 50 cases', () => {
  const [score, newcombes, agrestis] = [scoreInterval, newcombe, agrestiMin].map((method) =>
    exactCoverage(method, 50, TWO_SIDED, ONE_SIDED),
  );

  test('the score interval contains the difference in at least 93 %, at all rates', () => {
    expect(score?.least).toBeGreaterThan(0.93);
    expect(score?.mostOptimistic).toBeLessThan(0.075);
  });

  test('that of Agresti and Min is too short if only the reference wins, that of Newcombe is longer than needed', () => {
    expect(agrestis?.least).toBeLessThan(0.9);
    expect(agrestis?.mostOptimistic).toBeGreaterThan(0.1);
    expect(newcombes?.mean).toBeGreaterThan(score?.mean ?? 1);
  });
});
