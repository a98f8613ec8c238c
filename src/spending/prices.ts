/** What runs cost, in the unit in which the operator gives the prices. */
import type { Use } from './use.ts';

/** Absent: free. */
export type Prices = {
  /** for a million tokens of each kind */
  readonly prompt?: number | undefined;
  readonly thinking?: number | undefined;
  readonly answer?: number | undefined;
  readonly gpuHour?: number | undefined;
};

const MILLION = 1_000_000;
const HOUR_MS = 3_600_000;

/** Markers, and tokens that came after a cut, cost what thinking costs. undefined: no prices are set. */
export function costOf(
  use: Pick<Use, 'promptTokens' | 'thinkingTokens' | 'otherTokens' | 'answerTokens' | 'busyMs'>,
  { prompt, thinking, answer, gpuHour }: Prices,
): number | undefined {
  if ([prompt, thinking, answer, gpuHour].every((price) => price === undefined)) return undefined;
  const tokens =
    use.promptTokens * (prompt ?? 0) +
    (use.thinkingTokens + use.otherTokens) * (thinking ?? 0) +
    use.answerTokens * (answer ?? 0);
  return tokens / MILLION + (use.busyMs / HOUR_MS) * (gpuHour ?? 0);
}

/** Without digits that mean nothing. */
export function roundedCost(cost: number): number {
  return Number(cost.toPrecision(6));
}

/** With as many digits as are of use: `12.34`, `0.0012`. */
export function costText(cost: number): string {
  return cost >= 0.01 || cost === 0 ? cost.toFixed(2) : String(Number(cost.toPrecision(2)));
}
