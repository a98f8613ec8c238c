/** What the statistics of a tuning are made from: one number for each case and budget. */

/**
 * By case: the share of its repeats that were right, from 0 to 1. undefined: not measured. The case is the independent
 * unit: repeats of a case resemble each other.
 */
export type Shares = readonly (number | undefined)[];

/** A limited budget, with its shares. */
export type Tried = { readonly budget: number; readonly shares: Shares };

/** An estimate with the limits of its interval, and the number of cases that it is from. */
export type Estimate = {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  readonly cases: number;
};
