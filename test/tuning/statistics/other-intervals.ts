/** Intervals for the difference of pairs that were not chosen: right answers only, no repeats. */
import type { Shares } from '../../../src/tuning/statistics/shares.ts';

type Interval = { readonly low: number; readonly high: number };
type Table = { readonly both: number; readonly budget: number; readonly reference: number; readonly neither: number };

function tableOf(reference: Shares, shares: Shares): Table {
  let [both, budget, ofReference, neither] = [0, 0, 0, 0];
  for (const [index, share] of shares.entries()) {
    if (share === 1 && reference[index] === 1) both += 1;
    else if (share === 1) budget += 1;
    else if (reference[index] === 1) ofReference += 1;
    else neither += 1;
  }
  return { both, budget, reference: ofReference, neither };
}

/** Agresti and Min (2005): half a case is added to each of the four cells of the table. */
export function agrestiMin(reference: Shares, shares: Shares, z: number): Interval {
  const table = tableOf(reference, shares);
  const cases = shares.length + 2;
  const [won, lost] = [table.budget + 0.5, table.reference + 0.5];
  const difference = (won - lost) / cases;
  const width = (z * Math.sqrt(won + lost - (won - lost) ** 2 / cases)) / cases;
  return { low: difference - width, high: difference + width };
}

/** Newcombe (1998), method 10: two Wilson intervals, and the correlation of the table with his correction. */
export function newcombe(reference: Shares, shares: Shares, z: number): Interval {
  const { both, budget, reference: lost, neither } = tableOf(reference, shares);
  const cases = shares.length;
  const [ours, theirs] = [wilson(both + budget, cases, z), wilson(both + lost, cases, z)];
  const product = (both + budget) * (lost + neither) * (both + lost) * (budget + neither);
  const determinant = both * neither - budget * lost;
  const corrected = determinant > 0 ? Math.max(determinant - cases / 2, 0) : determinant;
  const correlation = product === 0 ? 0 : corrected / Math.sqrt(product);
  const width = (one: number, other: number): number =>
    Math.sqrt(Math.max(0, one ** 2 - 2 * correlation * one * other + other ** 2));
  const difference = ours.rate - theirs.rate;
  return {
    low: difference - width(ours.rate - ours.low, theirs.high - theirs.rate),
    high: difference + width(ours.high - ours.rate, theirs.rate - theirs.low),
  };
}

/** In closed form. */
export function wilson(right: number, cases: number, z: number): Interval & { readonly rate: number } {
  const rate = right / cases;
  const middle = rate + z ** 2 / (2 * cases);
  const width = z * Math.sqrt((rate * (1 - rate)) / cases + z ** 2 / (4 * cases ** 2));
  const scale = 1 + z ** 2 / cases;
  return { rate, low: (middle - width) / scale, high: (middle + width) / scale };
}

/** Tango (1998) in closed form: the score of a difference, with b cases won and c lost of n. */
export function tangoScore(won: number, lost: number, cases: number, difference: number): number {
  const square = 2 * cases;
  const linear = (2 * cases - won + lost) * difference - won - lost;
  const constant = -lost * difference * (1 - difference);
  const rate = (Math.sqrt(linear ** 2 - 4 * square * constant) - linear) / (2 * square);
  return (won - lost - cases * difference) / Math.sqrt(cases * (2 * rate + difference * (1 - difference)));
}
