import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { recommend } from '../../../src/tuning/statistics/recommend.ts';
import type { Tried } from '../../../src/tuning/statistics/shares.ts';

/** The reference has every case right. */
const right = (cases: number): number[] => Array<number>(cases).fill(1);
const losing = (cases: number, lost: number): number[] =>
  right(cases).map((share, index) => (index < lost ? 0 : share));

function tried(cases: number, lostByBudget: Readonly<Record<number, number>>): Tried[] {
  return Object.entries(lostByBudget).map(([budget, lost]) => ({
    budget: Number(budget),
    shares: losing(cases, lost),
  }));
}

test('the cheapest budget within the tolerance, with its loss', () => {
  const verdict = recommend(right(1000), tried(1000, { 0: 300, 64: 80, 128: 3, 256: 0 }), 0.01);
  expect(verdict).toMatchObject({ kind: 'budget', budget: 128, cases: 1000 });
  if (verdict.kind !== 'budget') throw new Error('no budget');
  expect(verdict.lossPoints).toBeCloseTo(0.3, 12);
  expect(verdict.mostLossPoints).toBeGreaterThan(0.3);
  expect(verdict.mostLossPoints).toBeLessThanOrEqual(1);
});

test('a budget of 0 is the last of the sequence, and can be recommended', () => {
  expect(recommend(right(300), tried(300, { 0: 0, 64: 0 }), 0.01)).toMatchObject({ kind: 'budget', budget: 0 });
});

test('the sequence ends at the first budget that fails, although a cheaper one would pass', () => {
  const verdict = recommend(right(300), tried(300, { 64: 0, 128: 20, 256: 0 }), 0.01);
  expect(verdict).toMatchObject({ kind: 'budget', budget: 256 });
});

test('a budget without a case of its own fails, and so do those below it', () => {
  const all = [...tried(300, { 64: 0, 256: 0 }), { budget: 128, shares: [] }];
  expect(recommend(right(300), all, 0.01)).toMatchObject({ kind: 'budget', budget: 256 });
});

test('a gain is a negative loss; no difference is 0', () => {
  const reference = losing(500, 20);
  expect(recommend(reference, [{ budget: 64, shares: right(500) }], 0.01)).toMatchObject({ lossPoints: -4 });
  expect(recommend(reference, [{ budget: 64, shares: reference }], 0.01)).toMatchObject({ lossPoints: 0 });
});

describe('cases needed', () => {
  test.each([
    { name: '1 point', tolerance: 0.01, casesNeeded: 268 },
    { name: '2 points', tolerance: 0.02, casesNeeded: 133 },
    { name: '5 points', tolerance: 0.05, casesNeeded: 52 },
  ])('no pair differs: $name', ({ tolerance, casesNeeded }) => {
    expect(recommend(right(10), tried(10, { 64: 0 }), tolerance)).toEqual({
      kind: 'too-few-cases',
      budget: 64,
      casesNeeded,
    });
    expect(recommend(right(casesNeeded), tried(casesNeeded, { 64: 0 }), tolerance).kind).toBe('budget');
    expect(recommend(right(casesNeeded - 1), tried(casesNeeded - 1, { 64: 0 }), tolerance).kind).toBe('too-few-cases');
  });

  test('before the first case, as if no pair differed', () => {
    expect(recommend([], [{ budget: 64, shares: [] }], 0.01)).toMatchObject({ casesNeeded: 268 });
  });

  test('the budget that needs the fewest is named', () => {
    const verdict = recommend(right(200), tried(200, { 0: 50, 64: 3, 128: 1 }), 0.02);
    expect(verdict).toMatchObject({ kind: 'too-few-cases', budget: 128 });
  });

  test('the same cases over again, as often as it takes, pass; once less they do not', () => {
    fc.assert(
      fc.property(fc.integer({ min: 20, max: 200 }), fc.nat(4), fc.nat(4), (cases, lost, won) => {
        const reference = right(cases).map((share, index) => (index >= cases - won ? 0 : share));
        const verdict = recommend(reference, [{ budget: 64, shares: losing(cases, lost) }], 0.05);
        fc.pre(verdict.kind === 'too-few-cases' && verdict.casesNeeded < 20_000);
        if (verdict.kind !== 'too-few-cases') return;
        expect(verdict.casesNeeded).toBeGreaterThan(cases);
        const times = Math.ceil(verdict.casesNeeded / cases);
        const again = (count: number): string =>
          recommend(
            Array<number[]>(count).fill(reference).flat(),
            [{ budget: 64, shares: Array<number[]>(count).fill(losing(cases, lost)).flat() }],
            0.05,
          ).kind;
        // more cases were needed than there were, so that it takes them twice at least
        expect([again(times), again(times - 1)]).toEqual(['budget', 'too-few-cases']);
      }),
      { numRuns: 50 },
    );
  });
});

describe('nothing to recommend', () => {
  test('every budget is certainly worse', () => {
    expect(recommend(right(100), tried(100, { 0: 90, 64: 40 }), 0.01)).toEqual({ kind: 'none', certain: true });
  });

  test('every budget loses more than the tolerance, but it may be chance', () => {
    expect(recommend(right(20), tried(20, { 64: 1 }), 0.01)).toEqual({ kind: 'none', certain: false });
  });

  test('a loss that is exactly the tolerance needs no number of cases', () => {
    expect(recommend(right(64), tried(64, { 64: 1 }), 1 / 64)).toEqual({ kind: 'none', certain: false });
  });

  test('without a tolerance, the budget has to be better', () => {
    expect(recommend(right(1000), tried(1000, { 64: 0 }), 0)).toEqual({ kind: 'none', certain: false });
    expect(recommend(losing(200, 20), tried(200, { 64: 0 }), 0).kind).toBe('budget');
  });
});
