/** Time, passed in so that tests can turn it by hand. Milliseconds throughout. */
export type Clock = {
  now(): number;
  /** Calls `ring` once after `ms`; the returned function takes it back. */
  timer(ms: number, ring: () => void): () => void;
};

/** `setTimeout` rings at once for more than this (24.8 days). */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  timer: (ms, ring) => {
    const handle = setTimeout(ring, Math.min(LONGEST_TIMER_MS, Math.max(0, ms)));
    return () => clearTimeout(handle);
  },
};
