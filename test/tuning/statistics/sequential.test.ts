import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { recommend, type Verdict } from '../../../src/tuning/statistics/recommend.ts';
import { lookAt, type Sweep } from '../../../src/tuning/statistics/sequential.ts';

const right = (cases: number): number[] => Array<number>(cases).fill(1);
const losing = (cases: number, lost: number): number[] =>
  right(cases).map((share, index) => (index < lost ? 0 : share));

const SWEEP: Sweep = { tolerance: 0.01, cases: 200, casesPerLook: 20 };

test('before the first case nothing is certain', () => {
  const tried = [{ budget: 64, shares: [] }];
  expect(lookAt([], tried, SWEEP)).toEqual({ dropped: [], isSettled: false });
});

function droppedAfter(lost: number, sweep: Sweep, budgets = 1): readonly number[] {
  const others = Array.from({ length: budgets - 1 }, (_, index) => ({ budget: 1000 + index, shares: right(40) }));
  return lookAt(right(40), [...others, { budget: 64, shares: losing(40, lost) }], sweep).dropped;
}

/** How many of 40 cases must be lost for a budget to be dropped. */
function leastDropped(sweep: Sweep, budgets: number): number | undefined {
  return Array.from({ length: 41 }, (_, lost) => lost).find((lost) => droppedAfter(lost, sweep, budgets).length > 0);
}

function budgetOf(verdict: Verdict): number | undefined {
  return verdict.kind === 'budget' ? verdict.budget : undefined;
}

describe('dropping', () => {
  test('a budget that loses half of the cases is dropped, one that loses two of 40 is not', () => {
    expect(droppedAfter(20, SWEEP)).toEqual([64]);
    expect(droppedAfter(2, SWEEP)).toEqual([]);
  });

  test('more looks and more budgets ask for a greater loss', () => {
    const few = leastDropped({ ...SWEEP, casesPerLook: 100 }, 1);
    expect(leastDropped({ ...SWEEP, casesPerLook: 1 }, 1)).toBeGreaterThan(few ?? 40);
    expect(leastDropped({ ...SWEEP, casesPerLook: 100 }, 100)).toBeGreaterThan(few ?? 40);
  });

  test('a budget cheaper than a dropped one stays on its own merits', () => {
    const tried = [
      { budget: 64, shares: losing(40, 1) },
      { budget: 128, shares: losing(40, 30) },
      { budget: 256, shares: right(40) },
    ];
    expect(lookAt(right(40), tried, SWEEP).dropped).toEqual([128]);
  });

  test('what was dropped is dropped again while the others go on', () => {
    const early = { budget: 64, shares: losing(40, 20) };
    const tried = [early, { budget: 128, shares: right(120) }];
    expect(lookAt(right(120), tried, SWEEP).dropped).toEqual([64]);
  });
});

describe('stopping', () => {
  test('the largest budget was dropped: nothing can be recommended', () => {
    expect(lookAt(right(40), [{ budget: 64, shares: losing(40, 30) }], SWEEP).isSettled).toBe(true);
  });

  test('a loss of every remaining case would still be within the tolerance', () => {
    const sweep = { tolerance: 0.05, cases: 400, casesPerLook: 1 };
    const settled = (cases: number): boolean =>
      lookAt(right(cases), [{ budget: 64, shares: right(cases) }], sweep).isSettled;
    expect(settled(395)).toBe(true);
    expect(settled(370)).toBe(false);
  });

  test('a gain of every remaining case would not be enough', () => {
    const sweep = { tolerance: 0.01, cases: 200, casesPerLook: 200 };
    const settled = (cases: number): boolean =>
      lookAt(right(cases), [{ budget: 64, shares: losing(cases, 4) }], sweep).isSettled;
    expect(settled(198)).toBe(true);
    expect(settled(100)).toBe(false);
  });

  test('when the last case is measured it is settled', () => {
    expect(lookAt(right(200), [{ budget: 64, shares: right(200) }], SWEEP).isSettled).toBe(true);
  });

  test('whatever the remaining cases show, also if they are never measured, the recommendation stays', () => {
    const share = fc.option(
      fc.integer({ min: 0, max: 4 }).map((rights) => rights / 4),
      { nil: undefined },
    );
    // few remain, so that many looks are settled
    const rest = fc.array(fc.tuple(share, share, share), { minLength: 1, maxLength: 8 });
    const some = fc.record({
      cases: fc.integer({ min: 20, max: 120 }),
      lost: fc.tuple(fc.nat(12), fc.nat(12)),
      tolerance: fc.constantFrom(0.02, 0.05, 0.1, 0.2),
      rest,
    });
    let settled = 0;
    fc.assert(
      fc.property(some, (sample) => {
        const { cases, lost, tolerance, rest: more } = sample;
        const plan = { tolerance, cases: cases + more.length, casesPerLook: 10 };
        const reference = right(cases);
        const tried = lost.map((count, index) => ({ budget: 64 * (index + 1), shares: losing(cases, count) }));
        const { dropped, isSettled } = lookAt(reference, tried, plan);
        fc.pre(isSettled);
        settled += 1;
        const ended = tried.map(({ budget, shares }, at) => ({
          budget,
          shares: dropped.includes(budget) ? shares : [...shares, ...more.map((one) => one[at])],
        }));
        const end = recommend([...reference, ...more.map(([, , last]) => last)], ended, tolerance);
        expect(budgetOf(end)).toBe(budgetOf(recommend(reference, tried, tolerance)));
      }),
      { numRuns: 300 },
    );
    expect(settled).toBe(300);
  });
});
