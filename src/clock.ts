/** Time in milliseconds. The clock is a parameter, so that tests control it. */
export type Clock = {
  now(): number;
  /** Calls `ring` once after `ms`; the returned function cancels that. */
  timer(ms: number, ring: () => void): () => void;
};

/** For a longer delay (24.8 days) `setTimeout` fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  timer: (ms, ring) => {
    const handle = setTimeout(ring, Math.min(LONGEST_TIMER_MS, Math.max(0, ms)));
    return () => clearTimeout(handle);
  },
};
