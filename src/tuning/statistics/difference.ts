import { normalQuantile } from './normal.ts';
import { countsOf, intervalOf, meanOf, totalOf, type Counts } from './score.ts';
import type { Estimate, Shares } from './shares.ts';

/** One case can change from right to wrong, or from wrong to right. */
export const DIFFERENCES = { least: -1, most: 1 };

/** The differences of the cases that both have measured: the share less that of the reference. */
export function differencesOf(reference: Shares, shares: Shares): Counts {
  const differences: number[] = [];
  for (const [index, share] of shares.entries()) {
    const other = reference[index];
    if (share !== undefined && other !== undefined) differences.push(share - other);
  }
  return countsOf(differences);
}

/** `sides` 1: each limit holds at `confidence` by itself. 2: both together do. */
export type Confidence = { readonly confidence: number; readonly sides: 1 | 2 };

/**
 * The mean share less that of the reference, paired by case, from -1 to 1; negative: worse than the reference. The interval
 * is Tango's score interval (Tango, 1998). With b cases that only the budget had right, and c that only the reference
 * had, it holds every d for which
 *
 *   |b - c - nd| <= z * sqrt(n * (2q + d(1 - d)))     (q: the most likely share of c, if the difference is -d...)
 *
 * 0 cases: undefined. No case differs, all right and all wrong included: from -z² / (n + z²) to z² / (n + z²).
 */
export function differenceTo(
  reference: Shares,
  shares: Shares,
  { confidence, sides }: Confidence = { confidence: 0.95, sides: 2 },
): Estimate | undefined {
  const counts = differencesOf(reference, shares);
  const cases = totalOf(counts);
  if (cases === 0) return undefined;
  const interval = intervalOf(counts, DIFFERENCES, normalQuantile(1 - (1 - confidence) / sides));
  return { estimate: meanOf(counts), ...interval, cases };
}
