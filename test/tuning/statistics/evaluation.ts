/** What the statistics do over many tunings of a model whose truth is known. */
import { accuracyOf } from '../../../src/tuning/statistics/accuracy.ts';
import { differenceTo } from '../../../src/tuning/statistics/difference.ts';
import { recommend, type Verdict } from '../../../src/tuning/statistics/recommend.ts';
import { lookAt, type Sweep } from '../../../src/tuning/statistics/sequential.ts';
import { BUDGETS, truthOf, tune, type Model, type Tuning } from './simulated.ts';

type Limits = { readonly low: number; readonly high: number };

/** How often intervals contained the truth. */
export class Coverage {
  #intervals = 0;
  #contained = 0;

  add(interval: Limits | undefined, truth: number): void {
    this.#intervals += 1;
    this.#contained += Number(interval !== undefined && interval.low <= truth && truth <= interval.high);
  }

  get share(): number {
    return this.#contained / this.#intervals;
  }
}

/** At every budget of one tuning. */
type Method = (tuning: Tuning, at: number) => Limits | undefined;

/** By budget: the mean number of cases that differ from the reference. */
export function differing(tunings: readonly Tuning[]): readonly number[] {
  return BUDGETS.map((_, at) => {
    const counts = tunings.map(({ reference, tried }) => {
      const shares = tried[at]?.shares ?? [];
      return shares.filter((share, index) => share !== reference[index]).length;
    });
    return counts.reduce((sum, count) => sum + count, 0) / counts.length;
  });
}

/** The share of the intervals that contain the true difference, by budget. */
export function differenceCoverage(model: Model, tunings: readonly Tuning[], method: Method): readonly number[] {
  const { losses } = truthOf(model);
  return BUDGETS.map((budget, at) => {
    const coverage = new Coverage();
    for (const tuning of tunings) coverage.add(method(tuning, at), -(losses.get(budget) ?? 0));
    return coverage.share;
  });
}

export const ours: Method = ({ reference, tried }, at) => differenceTo(reference, tried[at]?.shares ?? []);

/** By budget, and last unlimited. */
export function accuracyCoverage(model: Model, tunings: readonly Tuning[]): readonly number[] {
  const { reference, losses } = truthOf(model);
  // an accuracy of 0 is a rounding error below it
  const truths = [...BUDGETS.map((budget) => Math.max(0, reference - (losses.get(budget) ?? 0))), reference];
  return truths.map((truth, at) => {
    const coverage = new Coverage();
    for (const tuning of tunings) coverage.add(accuracyOf(tuning.tried[at]?.shares ?? tuning.reference), truth);
    return coverage.share;
  });
}

export function tuningsOf(model: Model, cases: number, repeats: number, count: number, random: () => number): Tuning[] {
  return Array.from({ length: count }, () => tune(model, cases, repeats, random));
}

type Swept = {
  readonly verdict: Verdict;
  readonly cases: number;
  /** of one repeat of a case, unlimited thinking included */
  readonly answers: number;
  readonly dropped: readonly number[];
};

/** As a sweep does it: a budget that is dropped is measured no more. */
export function sweep({ reference, tried }: Tuning, plan: Sweep, stops: boolean): Swept {
  const measured = new Map<number, number>();
  let cases = 0;
  const seen = (): Tuning => ({
    reference: reference.slice(0, cases),
    tried: tried.map(({ budget, shares }) => ({ budget, shares: shares.slice(0, measured.get(budget) ?? cases) })),
  });
  while (cases < plan.cases) {
    cases = Math.min(plan.cases, cases + plan.casesPerLook);
    if (cases === plan.cases) break;
    const sofar = seen();
    const { dropped, isSettled } = lookAt(sofar.reference, sofar.tried, plan);
    for (const budget of dropped) measured.set(budget, measured.get(budget) ?? cases);
    if (stops && isSettled) break;
  }
  const end = seen();
  const verdict = recommend(end.reference, end.tried, plan.tolerance);
  const answers = end.tried.reduce((sum, { shares }) => sum + shares.length, cases);
  return { verdict, cases, answers, dropped: [...measured.keys()] };
}

const budgetOf = (verdict: Verdict): number | undefined => (verdict.kind === 'budget' ? verdict.budget : undefined);

/** Shares of the tunings, except where it is said. */
export type Decisions = {
  readonly recommended: number;
  /** the budget that was recommended loses more than the tolerance */
  readonly lossTooGreat: number;
  /** some budget was dropped that is within the tolerance, or exceeds it by less than a thousandth */
  readonly wronglyDropped: number;
  /** stopping changed the recommendation */
  readonly changedByStopping: number;
  /** dropping changed it */
  readonly changedByDropping: number;
  /** of the cases */
  readonly casesSaved: number;
  /** of the answers that all budgets would generate for all cases */
  readonly answersSaved: number;
};

/** The budget of the models `limit` and `losses` exceeds the tolerance by less. */
const AT_LIMIT = 1.001;

export function decisionsOf(model: Model, tunings: readonly Tuning[], plan: Sweep): Decisions {
  const { losses } = truthOf(model);
  const isTooGreat = (budget: number): boolean => (losses.get(budget) ?? 0) > plan.tolerance;
  // a loss at the tolerance is the hardest case for both errors: it counts in both
  const isWithin = (budget: number): boolean => (losses.get(budget) ?? 0) <= plan.tolerance * AT_LIMIT;
  const all = tunings.map((tuning) => {
    const swept = sweep(tuning, plan, true);
    const budget = budgetOf(swept.verdict);
    return {
      recommended: budget !== undefined,
      lossTooGreat: budget !== undefined && isTooGreat(budget),
      wronglyDropped: swept.dropped.some((dropped) => isWithin(dropped)),
      changedByStopping: budget !== budgetOf(sweep(tuning, plan, false).verdict),
      changedByDropping: budget !== budgetOf(recommend(tuning.reference, tuning.tried, plan.tolerance)),
      casesSaved: 1 - swept.cases / plan.cases,
      answersSaved: 1 - swept.answers / (plan.cases * (BUDGETS.length + 1)),
    };
  });
  const mean = (of: keyof Decisions): number => all.reduce((sum, one) => sum + Number(one[of]), 0) / all.length;
  return {
    recommended: mean('recommended'),
    lossTooGreat: mean('lossTooGreat'),
    wronglyDropped: mean('wronglyDropped'),
    changedByStopping: mean('changedByStopping'),
    changedByDropping: mean('changedByDropping'),
    casesSaved: mean('casesSaved'),
    answersSaved: mean('answersSaved'),
  };
}
