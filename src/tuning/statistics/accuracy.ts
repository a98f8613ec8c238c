import { normalQuantile } from './normal.ts';
import { countsOf, intervalOf, meanOf } from './score.ts';
import type { Estimate, Shares } from './shares.ts';

/** A share cannot be outside of it. */
const RANGE = { least: 0, most: 1 };

/**
 * The mean share, with its interval at `confidence` (between 0 and 1): Wilson's score interval (Wilson, 1927). If every
 * share is 0 or 1 it is exactly his:
 *
 *   (p + z²/2n ± z * sqrt(p(1 - p)/n + z²/4n²)) / (1 + z²/n)
 *
 * Other shares come from repeats. The n is still the number of cases, and the variance between cases takes the place of
 * p(1 - p); `score.ts` describes how it is estimated. Repeats that always agree are worth no more than one run.
 *
 * 0 cases: undefined. All right: from n / (n + z²) to 1. All wrong: from 0 to z² / (n + z²).
 */
export function accuracyOf(shares: Shares, confidence = 0.95): Estimate | undefined {
  const measured = shares.filter((share) => share !== undefined);
  if (measured.length === 0) return undefined;
  const counts = countsOf(measured);
  const interval = intervalOf(counts, RANGE, normalQuantile((1 + confidence) / 2));
  return { estimate: meanOf(counts), ...interval, cases: measured.length };
}
