/** The threshold of an early stop: the highest whose loss is within the tolerance, together with the recommended budget. */
import type { EarlyStop } from '../profiles/profiles.ts';
import { accuracyOf } from '../statistics/accuracy.ts';
import { differencesOf } from '../statistics/difference.ts';
import { mean } from '../statistics/quantile.ts';
import { isWithin } from '../statistics/recommend.ts';
import { sharesOf, type Judged } from './tally.ts';

/** In nats. Published thresholds are from 0.1 to 5 (Song et al., arXiv 2510.00546). */
export const THRESHOLDS: readonly number[] = [0.25, 0.5, 1, 1.5, 2, 3, 4, 5];

type Runs = readonly (readonly Judged[])[];

/** Runs by case and repeat. */
type Measured = {
  /** under this threshold and the recommended budget together; undefined: not measured */
  readonly stopped: (threshold: number) => Runs | undefined;
  /** under the recommended budget */
  readonly limited: Runs;
  readonly unlimited: Runs;
  /** a share */
  readonly tolerance: number;
};

/**
 * Thresholds are tested in a fixed sequence from the lowest, which changes the fewest answers, each at one-sided 95 %, up to
 * the first that fails, as budgets are (`recommend`). undefined: the lowest fails, or the budget alone saves as much.
 */
export function calibrate({ stopped, limited, unlimited, tolerance }: Measured): EarlyStop | undefined {
  const reference = sharesOf(unlimited);
  const whole = meanThinking(unlimited);
  const saved = (runs: Runs): number => (whole === 0 ? 0 : Number((1 - meanThinking(runs) / whole).toFixed(4)));
  let best: EarlyStop | undefined;
  for (const threshold of THRESHOLDS) {
    const combined = stopped(threshold);
    if (combined === undefined) break;
    const shares = sharesOf(combined);
    if (!isWithin(differencesOf(reference, shares), tolerance)) break;
    best = { threshold, accuracy: accuracyOf(shares)?.estimate ?? 0, saving: saved(combined) };
  }
  return best !== undefined && best.saving > saved(limited) ? best : undefined;
}

function meanThinking(runs: Runs): number {
  return mean(runs.flat().map(({ thinkingTokens }) => thinkingTokens)) ?? 0;
}
