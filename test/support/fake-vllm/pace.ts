import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

/** Waits, or until the signal; never throws. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return;
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}

/** Waits until the signal, for ever if need be. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/**
 * One call per token. Each token has its time from the start, so late timers do not add up; the loop is given a turn even
 * at full speed, or no one would hear a client leave.
 */
export function createPace(speed: { readonly firstTokenMs: number; readonly msPerToken: number }): {
  next(signal: AbortSignal): Promise<void>;
} {
  const start = performance.now() + speed.firstTokenMs;
  let tokens = 0;
  return {
    next: async (signal) => {
      tokens += 1;
      const wait = start + tokens * speed.msPerToken - performance.now();
      // a timer is never shorter than a millisecond: a smaller wait is made up by a later token
      await (wait >= 1 ? pause(wait, signal) : nextTurn());
    },
  };
}
