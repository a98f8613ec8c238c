/** How long thinking would be without a budget. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { addLengths, classOf, unlimitedMean, type Lengths } from '../../src/spending/lengths.ts';
import { randomFrom } from '../support/random.ts';

/** One run: thinking of this length, cut at the budget. */
function lengthOf(tokens: number, budget: number): Lengths {
  const isClosed = tokens <= budget;
  const seen = Math.min(tokens, budget);
  return new Map([
    [classOf(seen), { closed: isClosed ? 1 : 0, closedTokens: isClosed ? seen : 0, cut: isClosed ? 0 : 1 }],
  ]);
}

function all(runs: readonly Lengths[]): Lengths {
  return runs.reduce(addLengths, new Map());
}

test('without a closed run nothing is known', () => {
  expect(unlimitedMean(new Map())).toBeUndefined();
  expect(unlimitedMean(all([lengthOf(500, 100), lengthOf(700, 100)]))).toBeUndefined();
});

test('if every run closed, it is the mean', () => {
  const lengths = fc.array(fc.integer({ min: 0, max: 30_000 }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(lengths, (tokens) => {
      const mean = tokens.reduce((sum, one) => sum + one, 0) / tokens.length;
      expect(unlimitedMean(all(tokens.map((one) => lengthOf(one, Infinity))))).toBeCloseTo(mean, 6);
    }),
  );
});

test('the mean of the runs that closed would be far too low, and the estimate is not', () => {
  const next = randomFrom(7);
  // an exponential distribution of mean 400, cut at budgets that differ from run to run
  const runs = Array.from({ length: 20_000 }, () => {
    const tokens = Math.round(-400 * Math.log(1 - next()));
    return { tokens, budget: [128, 512, 2048, 8192][Math.floor(next() * 4)] ?? 0 };
  });
  const closed = runs.filter(({ tokens, budget }) => tokens <= budget);
  const naive = closed.reduce((sum, { tokens }) => sum + tokens, 0) / closed.length;
  const estimate = unlimitedMean(all(runs.map(({ tokens, budget }) => lengthOf(tokens, budget)))) ?? 0;
  expect(naive).toBeLessThan(330);
  expect(estimate).toBeGreaterThan(380);
  expect(estimate).toBeLessThan(420);
});

test('runs that were all cut at the end count with the length of the cut: a lower limit', () => {
  const runs = [lengthOf(100, 1000), lengthOf(5000, 1000)];
  const estimate = unlimitedMean(all(runs)) ?? 0;
  expect(estimate).toBeGreaterThan(450);
  expect(estimate).toBeLessThanOrEqual(550);
});

test('the order in which runs are added does not matter', () => {
  const run = fc.record({ tokens: fc.integer({ min: 0, max: 5000 }), budget: fc.integer({ min: 1, max: 5000 }) });
  fc.assert(
    fc.property(fc.array(run, { maxLength: 20 }), (runs) => {
      const lengths = runs.map(({ tokens, budget }) => lengthOf(tokens, budget));
      expect(unlimitedMean(all(lengths.toReversed()))).toEqual(unlimitedMean(all(lengths)));
    }),
  );
});
