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

export type Speed = {
  readonly firstTokenMs: number;
  readonly msPerToken: number;
  /** the server alternates between its speed and this one, as under other load */
  readonly slow?: { readonly msPerToken: number; readonly everyMs: number } | undefined;
};

/**
 * One call per token. Each token has its time from the start, so late timers do not add up; the loop is given a turn even
 * at full speed, or no one would hear a client leave.
 */
export function createPace({ firstTokenMs, msPerToken, slow }: Speed): { next(signal: AbortSignal): Promise<void> } {
  let due = performance.now() + firstTokenMs;
  return {
    next: async (signal) => {
      const isSlow = slow !== undefined && Math.floor(due / slow.everyMs) % 2 === 1;
      due += isSlow ? slow.msPerToken : msPerToken;
      const wait = due - performance.now();
      // a timer is never shorter than a millisecond: a smaller wait is made up by a later token
      await (wait >= 1 ? pause(wait, signal) : nextTurn());
    },
  };
}
