/** Time, passed in so that tests can turn it by hand. Milliseconds throughout. */
export type Clock = {
  now(): number;
  /** Calls `ring` once after `ms`; the returned function takes it back. */
  timer(ms: number, ring: () => void): () => void;
};

export const systemClock: Clock = {
  now: () => performance.now(),
  timer: (ms, ring) => {
    const handle = setTimeout(ring, Math.max(0, ms));
    return () => clearTimeout(handle);
  },
};

/** A signal that fires when the time is over, unless it is silenced before. `Infinity` is no limit. */
export function timeLimit(clock: Clock, ms: number): { readonly late: AbortSignal; readonly silence: () => void } {
  const late = new AbortController();
  const silence = ms === Infinity ? () => undefined : clock.timer(ms, () => late.abort());
  return { late: late.signal, silence };
}

/** Rejects with the signal's reason. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      silence();
      reject(signal.reason as Error);
    };
    const silence = clock.timer(ms, () => {
      signal.removeEventListener('abort', giveUp);
      resolve();
    });
    signal.addEventListener('abort', giveUp, { once: true });
  });
}
