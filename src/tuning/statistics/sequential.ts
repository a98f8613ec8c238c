/** What is certain while a sweep runs. */
import { DIFFERENCES, differencesOf } from './difference.ts';
import { normalQuantile } from './normal.ts';
import { byFallingBudget, isWithin } from './recommend.ts';
import { scoreAt, totalOf, type Counts } from './score.ts';
import type { Shares, Tried } from './shares.ts';

/** Of a whole sweep: how often some budget is dropped that is within the tolerance, at most. */
const DROPPING_ERROR = 0.01;

export type Sweep = {
  /** a share: 0.01 is one point */
  readonly tolerance: number;
  /** as planned, in all */
  readonly cases: number;
  /** the results are looked at whenever as many more cases are measured */
  readonly casesPerLook: number;
};

export type Look = {
  /** certainly worse than the tolerance: they need no more cases, and their shares stay as they are */
  readonly dropped: readonly number[];
  /** no result of the remaining cases can change the budget that is recommended, or that none is */
  readonly isSettled: boolean;
};

/**
 * `tried` holds every limited budget of the sweep, those dropped before as well: the same test drops them again. Shares of
 * cases that are still to come are undefined or absent. Without cases: nothing is dropped.
 */
export function lookAt(reference: Shares, tried: readonly Tried[], sweep: Sweep): Look {
  const budgets = byFallingBudget(tried).map(({ budget, shares }) => {
    const differences = differencesOf(reference, shares);
    return { budget, differences, isDropped: isCertainlyWorse(differences, tried.length, sweep) };
  });
  return {
    dropped: budgets.filter(({ isDropped }) => isDropped).map(({ budget }) => budget),
    isSettled: isSettled(budgets, sweep),
  };
}

/**
 * The score test of `recommend`, to the other side. Its error is 1 % for all looks and budgets of the sweep together:
 * each single test has 1 % / (looks * budgets) (Bonferroni). The last look is the end of the sweep and tests nothing.
 * Budgets are tested in no sequence: cheaper ones than a dropped one are kept until they are shown to be worse themselves.
 */
function isCertainlyWorse(differences: Counts, budgets: number, { tolerance, cases, casesPerLook }: Sweep): boolean {
  const looks = Math.max(1, Math.ceil(cases / casesPerLook) - 1);
  return scoreAt(differences, DIFFERENCES, -tolerance) <= normalQuantile(DROPPING_ERROR / (looks * budgets));
}

type Standing = { readonly differences: Counts; readonly isDropped: boolean };

/**
 * Curtailment: every remaining case is taken for the budget and against the reference, then the other way round. If a
 * budget passes or fails both times, it does so at the end. A dropped budget fails, and the sequence of `recommend` ends
 * there. This adds no error to that of the recommendation.
 */
function isSettled(budgets: readonly Standing[], { tolerance, cases }: Sweep): boolean {
  for (const { differences, isDropped } of budgets) {
    if (isDropped) return true;
    const remaining = Math.max(0, cases - totalOf(differences));
    if (isWithin(withMore(differences, DIFFERENCES.least, remaining), tolerance)) continue;
    return !isWithin(withMore(differences, DIFFERENCES.most, remaining), tolerance);
  }
  return true;
}

function withMore(counts: Counts, value: number, more: number): Counts {
  return more === 0 ? counts : new Map(counts).set(value, (counts.get(value) ?? 0) + more);
}
