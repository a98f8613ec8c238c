/** Intervals for the difference of pairs that were not chosen: right answers only, no repeats. */
import type { Outcome } from './exact.ts';

type Interval = { readonly low: number; readonly high: number };

/** Of the cases that do not differ. Only Newcombe's method uses it, and hardly depends on it. */
const BOTH_RIGHT = 0.8;

/** Agresti and Min (2005): half a case is added to each of the four cells of the table. */
export function agrestiMin(outcome: Outcome, cases: number, z: number): Interval {
  const [won, lost, all] = [outcome.won + 0.5, outcome.lost + 0.5, cases + 2];
  const difference = (won - lost) / all;
  const width = (z * Math.sqrt(won + lost - (won - lost) ** 2 / all)) / all;
  return { low: difference - width, high: difference + width };
}

/** Newcombe (1998), method 10: two Wilson intervals, and the correlation of the table with his correction. */
export function newcombe({ won, lost }: Outcome, cases: number, z: number): Interval {
  const both = Math.round((cases - won - lost) * BOTH_RIGHT);
  const neither = cases - won - lost - both;
  const [ours, theirs] = [wilson(both + won, cases, z), wilson(both + lost, cases, z)];
  const product = (both + won) * (lost + neither) * (both + lost) * (won + neither);
  const determinant = both * neither - won * lost;
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
