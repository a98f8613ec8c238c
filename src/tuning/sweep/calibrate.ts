/** The threshold of an early stop: the highest whose loss is within the tolerance, together with the recommended budget. */
import type { EarlyStop } from '../profiles/profiles.ts';
import { accuracyOf } from '../statistics/accuracy.ts';
import { differencesOf } from '../statistics/difference.ts';
import { mean } from '../statistics/quantile.ts';
import { isWithin } from '../statistics/recommend.ts';
import { sharesOf, type Judged } from './tally.ts';

/** In nats. Published thresholds are from 0.1 to 5 (Song et al., arXiv 2510.00546). */
export const THRESHOLDS: readonly number[] = [0.25, 0.5, 1, 1.5, 2, 3, 4, 5];

type Measured = {
  /** by case and repeat, under this threshold and the recommended budget together */
  readonly runs: (threshold: number) => readonly (readonly Judged[])[];
  /** by case and repeat, unlimited */
  readonly unlimited: readonly (readonly Judged[])[];
  /** a share */
  readonly tolerance: number;
};

/**
 * Thresholds are tested in a fixed sequence from the lowest, which changes the fewest answers, each at one-sided 95 %, up to
 * the first that fails, as budgets are (`recommend`). undefined: the lowest fails, or nothing is saved.
 */
export function calibrate({ runs, unlimited, tolerance }: Measured): EarlyStop | undefined {
  const reference = sharesOf(unlimited);
  const whole = meanThinking(unlimited);
  let best: EarlyStop | undefined;
  for (const threshold of THRESHOLDS) {
    const combined = runs(threshold);
    const shares = sharesOf(combined);
    if (!isWithin(differencesOf(reference, shares), tolerance)) break;
    const saving = whole === 0 ? 0 : 1 - meanThinking(combined) / whole;
    best = { threshold, accuracy: accuracyOf(shares)?.estimate ?? 0, saving: Number(saving.toFixed(4)) };
  }
  return best !== undefined && best.saving > 0 ? best : undefined;
}

function meanThinking(runs: readonly (readonly Judged[])[]): number {
  return mean(runs.flat().map(({ thinkingTokens }) => thinkingTokens)) ?? 0;
}
