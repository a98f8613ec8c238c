/** Pairs of zeros and ones, without chance: every outcome with its probability. */
import { rangeOf } from '../../../src/tuning/statistics/difference.ts';
import { countsOf, intervalOf, type Counts } from '../../../src/tuning/statistics/score.ts';

/** How many of the cases only the budget, or only the reference, had right. */
export type Outcome = { readonly won: number; readonly lost: number };
/** The same as probabilities for one case. */
export type Rates = Outcome;

const logFactorials = [0];
function logFactorial(of: number): number {
  for (let k = logFactorials.length; k <= of; k++) logFactorials.push((logFactorials[k - 1] ?? 0) + Math.log(k));
  return logFactorials[of] ?? Number.NaN;
}

export function probabilityOf({ won, lost }: Outcome, cases: number, rates: Rates): number {
  const same = cases - won - lost;
  const ways = logFactorial(cases) - logFactorial(won) - logFactorial(lost) - logFactorial(same);
  const likely = ways + same * Math.log(1 - rates.won - rates.lost);
  // 0 ** 0 is 1
  return Math.exp(likely) * rates.won ** won * rates.lost ** lost;
}

export function countsFor({ won, lost }: Outcome, cases: number): Counts {
  return countsOf([
    ...Array<number>(won).fill(1),
    ...Array<number>(lost).fill(-1),
    ...Array<number>(cases - won - lost).fill(0),
  ]);
}

/** Those that are likelier than one in a hundred million. */
export function outcomesOf(cases: number, rates: Rates): (Outcome & { readonly probability: number })[] {
  const found: (Outcome & { readonly probability: number })[] = [];
  for (let won = 0; won <= cases; won++) {
    for (let lost = 0; won + lost <= cases; lost++) {
      const probability = probabilityOf({ won, lost }, cases, rates);
      if (probability > 1e-8) found.push({ won, lost, probability });
    }
  }
  return found;
}

type Limits = { readonly low: number; readonly high: number };
/** `z`: of a two-sided interval. */
export type PairMethod = (outcome: Outcome, cases: number, z: number) => Limits;

export const scoreInterval: PairMethod = (outcome, cases, z) => {
  const counts = countsFor(outcome, cases);
  return intervalOf(counts, rangeOf(counts), z);
};

/** Few and many pairs that differ, in one direction and in both. */
const RATES = [0, 0.01, 0.03, 0.06].flatMap((won) => [0.01, 0.02, 0.04, 0.07, 0.12].map((lost) => ({ won, lost })));

/** Over all rates. */
export type ExactCoverage = {
  readonly mean: number;
  readonly least: number;
  /** the greatest share of lower limits, of intervals at twice the error, that are above the truth: the loss is taken for too small */
  readonly mostOptimistic: number;
};

export function exactCoverage(method: PairMethod, cases: number, twoSided: number, oneSided: number): ExactCoverage {
  const known = new Map<string, { readonly both: Limits; readonly one: Limits }>();
  const intervalsOf = (outcome: Outcome): { readonly both: Limits; readonly one: Limits } => {
    const key = `${outcome.won} ${outcome.lost}`;
    const found = known.get(key) ?? { both: method(outcome, cases, twoSided), one: method(outcome, cases, oneSided) };
    known.set(key, found);
    return found;
  };
  const shares = RATES.map((rates) => {
    const truth = rates.won - rates.lost;
    let [contained, optimistic] = [0, 0];
    for (const outcome of outcomesOf(cases, rates)) {
      const { both, one } = intervalsOf(outcome);
      if (both.low <= truth && truth <= both.high) contained += outcome.probability;
      if (one.low > truth) optimistic += outcome.probability;
    }
    return { contained, optimistic };
  });
  const contained = shares.map((share) => share.contained);
  return {
    mean: contained.reduce((sum, share) => sum + share, 0) / contained.length,
    least: Math.min(...contained),
    mostOptimistic: Math.max(...shares.map(({ optimistic }) => optimistic)),
  };
}
