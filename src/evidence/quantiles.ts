/** Quantiles of recent values. */

const EXPIRES_AFTER_MS = 120_000;
const MOST_KEPT = 64;

/** Fewer values than this give no median and no usual length. */
const LEAST_SEEN = 3;

export const MEDIAN = 0.5;
export const NEARLY_ALL = 0.95;

/** A limit has to cover some more than nearly all values. */
const LIMIT = { margin: 1.25, medians: 4 } as const;

/** Values with their ages in milliseconds, oldest first. */
export type Aged = readonly (readonly [age: number, value: number])[];

type Seen = { readonly at: number; readonly value: number };

export class Quantiles {
  /** oldest first */
  #seen: Seen[] = [];
  /** the same by value, sorted when it is asked for */
  #sorted: readonly Seen[] | undefined;

  add(value: number, now: number): void {
    this.#seen.push({ at: now, value });
    if (this.#seen.length > MOST_KEPT) this.#seen.shift();
    this.#sorted = undefined;
  }

  /** Adds values that another process has seen. */
  recall(aged: Aged, now: number): void {
    const earlier = aged.map(([age, value]) => ({ at: now - age, value }));
    this.#seen = [...earlier, ...this.#seen].slice(-MOST_KEPT);
    this.#sorted = undefined;
  }

  aged(now: number): Aged {
    return this.#seen.map(({ at, value }) => [now - at, value]);
  }

  /** `share` from 0 to 1. undefined: too few values. `lasts`: they do not expire. */
  at(share: number, now: number, lasts = false): number | undefined {
    const values = this.#values(now, lasts);
    return values.length < LEAST_SEEN ? undefined : ranked(values, share);
  }

  /**
   * Hardly a value to come will be greater; from the first value on. Of n evenly spread values the greatest is n / (n + 1) of
   * their limit, on average. An outlier counts little: a server that has just loaded its model is slow once.
   */
  limit(now: number, lasts = false): number | undefined {
    const values = this.#values(now, lasts);
    const most = values.at(-1);
    if (most === undefined) return undefined;
    const [long, median] = [ranked(values, NEARLY_ALL), ranked(values, MEDIAN)];
    return Math.min(most * (1 + 1 / values.length), long * LIMIT.margin, median * LIMIT.medians);
  }

  /** Ascending. */
  #values(now: number, lasts: boolean): readonly number[] {
    this.#sorted ??= this.#seen.toSorted((a, b) => a.value - b.value);
    const valid = lasts ? this.#sorted : this.#sorted.filter(({ at }) => now - at < EXPIRES_AFTER_MS);
    return valid.map(({ value }) => value);
  }
}

/** The least of `sorted`, which is not empty, that at least this share does not exceed. */
function ranked(sorted: readonly number[], share: number): number {
  return sorted[Math.max(1, Math.ceil(sorted.length * share)) - 1] as number;
}
