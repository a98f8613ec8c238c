/** The promises of the statistics, on tunings whose truth is known. `npm run bench:statistics` prints more of them. */
import { describe, expect, test } from 'vitest';
import { accuracyOf } from '../../../src/tuning/statistics/accuracy.ts';
import { normalQuantile } from '../../../src/tuning/statistics/normal.ts';
import { randomFrom } from '../../support/random.ts';
import {
  accuracyCoverage,
  Coverage,
  decisionsOf,
  differenceCoverage,
  differing,
  ours,
  tuningsOf,
} from './evaluation.ts';
import { wilson } from './other-intervals.ts';
import { MODELS, truthOf } from './simulated.ts';

const TUNINGS = 400;
/** Of a share of 5 % that is counted in so many tunings. */
const STANDARD_ERROR = Math.sqrt((0.05 * 0.95) / TUNINGS);

const mean = (shares: readonly number[]): number => shares.reduce((sum, share) => sum + share, 0) / shares.length;

describe.each([
  { cases: 50, repeats: 1 },
  { cases: 50, repeats: 8 },
  { cases: 200, repeats: 1 },
  { cases: 200, repeats: 4 },
])('$cases cases, $repeats repeats', ({ cases, repeats }) => {
  const model = MODELS.usual(0.01);
  const tunings = tuningsOf(model, cases, repeats, TUNINGS, randomFrom(1));

  test('95 % of the intervals contain the accuracy, give or take 2', () => {
    const coverage = mean(accuracyCoverage(model, tunings));
    expect(coverage).toBeGreaterThanOrEqual(0.93);
    expect(coverage).toBeLessThanOrEqual(0.97);
  });

  test('95 % contain the difference, give or take 2, where ten cases differ; elsewhere no fewer do', () => {
    const counts = differing(tunings);
    const shares = differenceCoverage(model, tunings, ours);
    const many = mean(shares.filter((_, at) => (counts[at] ?? 0) >= 10));
    expect(many).toBeGreaterThanOrEqual(0.93);
    expect(many).toBeLessThanOrEqual(0.97);
    // the least of 21 shares
    expect(Math.min(...shares)).toBeGreaterThanOrEqual(0.95 - 3.5 * STANDARD_ERROR);
  });
});

test('repeats that are taken for cases would contain the accuracy too seldom', () => {
  const model = MODELS.usual(0.01);
  const { reference, losses } = truthOf(model);
  const [taken, right] = [new Coverage(), new Coverage()];
  for (const { tried } of tuningsOf(model, 100, 4, TUNINGS, randomFrom(2))) {
    const shares = tried[0]?.shares ?? [];
    const rights = shares.reduce<number>((sum, share) => sum + 4 * (share ?? 0), 0);
    const truth = reference - (losses.get(0) ?? 0);
    taken.add(wilson(rights, 400, normalQuantile(0.975)), truth);
    right.add(accuracyOf(shares), truth);
  }
  expect(taken.share).toBeLessThan(0.93);
  expect(right.share).toBeGreaterThanOrEqual(0.93);
});

describe.each([
  { name: 'usual', repeats: 1, tolerance: 0.02 },
  { name: 'long', repeats: 1, tolerance: 0.02 },
  { name: 'limit', repeats: 1, tolerance: 0.05 },
  { name: 'limit', repeats: 4, tolerance: 0.05 },
  { name: 'losses', repeats: 1, tolerance: 0.05 },
] as const)('the model "$name", $repeats repeats, a tolerance of $tolerance', ({ name, repeats, tolerance }) => {
  const model = MODELS[name](tolerance);
  const tunings = tuningsOf(model, 200, repeats, TUNINGS, randomFrom(3));
  const decisions = decisionsOf(model, tunings, { tolerance, cases: 200, casesPerLook: 20 });

  test('the budget that is recommended loses more than the tolerance in at most 5 %', () => {
    expect(decisions.lossTooGreat).toBeLessThanOrEqual(0.05 + 2 * STANDARD_ERROR);
  });

  test('a budget within the tolerance is dropped in at most 1 %', () => {
    expect(decisions.wronglyDropped).toBeLessThanOrEqual(0.01);
  });

  test('stopping changes no recommendation', () => {
    expect(decisions.changedByStopping).toBe(0);
  });

  test('dropping and stopping save what they should', () => {
    expect(decisions.answersSaved).toBeGreaterThan(0.2);
    expect(decisions.casesSaved > 0.3).toBe(name === 'long');
    expect(decisions.recommended > 0.8).toBe(name !== 'long');
  });
});
