/** Of plain numbers. `src/recent.ts` has only the median of the last few. */

/** undefined without values. */
export function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * The least value that at least this share of the values does not exceed (nearest rank; Hyndman and Fan, 1996, definition
 * 1). `share` from 0 to 1: 0 is the least value, 1 the greatest. undefined without values.
 */
export function quantile(values: readonly number[], share: number): number | undefined {
  const rank = Math.max(1, Math.ceil(values.length * share));
  return values.toSorted((one, other) => one - other)[rank - 1];
}
