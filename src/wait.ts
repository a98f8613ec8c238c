/**
 * Every wait of this program: under a limit, under its caller's signal, or both. Node 20 garbage-collects a signal of
 * `AbortSignal.timeout` that only `AbortSignal.any` refers to, so it never fires (nodejs/node#57736), and keeps every
 * `any` of a signal that lives as long as the process. So neither is used here: a controller, a timer and a listener
 * are, and whoever waits releases them. `test/architecture.test.ts` forbids both, and timers, in every other file.
 */
import { setMaxListeners } from 'node:events';
import { systemClock, type Clock } from './clock.ts';

export type Limit = {
  /** aborts with the caller's signal, or when the time is over */
  readonly signal: AbortSignal;
  /** the time was over before the caller gave up */
  readonly expired: boolean;
  /** Gives up before the time is over. */
  readonly abort: () => void;
  /** Ends the wait: the timer and the listener go. The signal does not abort any more. */
  readonly release: () => void;
};

/** Abort reasons are constants: an error made for every stop would collect a stack for nobody. */
const STOPPED = new DOMException('this wait was stopped', 'AbortError');
const EXPIRED = new DOMException('the time limit of this wait was reached', 'TimeoutError');

/** A limit of its own beside the caller's signal. `Infinity` is no limit. Aborts with a `TimeoutError` of its own. */
export function limit(callers: AbortSignal | undefined, ms: number, clock: Clock = systemClock): Limit {
  const linked = link(callers);
  let expired = false;
  const expire = (): void => {
    expired = !linked.signal.aborted;
    linked.abort(EXPIRED);
  };
  if (ms <= 0) expire();
  const silence = ms > 0 && Number.isFinite(ms) ? clock.timer(ms, expire) : undefined;
  return {
    signal: linked.signal,
    get expired() {
      return expired;
    },
    abort: () => linked.abort(),
    release: () => {
      silence?.();
      linked.release();
    },
  };
}

export type Linked = {
  /** aborts with the caller's signal, or by `abort` */
  readonly signal: AbortSignal;
  readonly abort: (reason?: Error) => void;
  readonly release: () => void;
};

/** A signal of one's own that also follows the caller's. */
export function link(callers?: AbortSignal): Linked {
  const own = new AbortController();
  const follow = (): void => own.abort(callers?.reason);
  if (callers?.aborted === true) follow();
  else if (callers !== undefined) {
    // one call may have many requests under way; that is no leak
    setMaxListeners(0, callers);
    callers.addEventListener('abort', follow, { once: true });
  }
  return {
    signal: own.signal,
    abort: (reason = STOPPED) => own.abort(reason),
    release: () => callers?.removeEventListener('abort', follow),
  };
}

/** Resolves after `ms`; rejects with the signal's reason. */
export function pause(ms: number, signal: AbortSignal, clock: Clock = systemClock): Promise<void> {
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

/** Waits for what others wait for as well. When this caller gives up, the work continues for the others. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', giveUp, { once: true });
    void promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}

/** What a promise resolves to, or `otherwise` when that takes longer than `ms`. Its rejection passes. */
export async function atMost<T, U>(promise: Promise<T>, ms: number, otherwise: U): Promise<T | U> {
  let silence: (() => void) | undefined;
  const over = new Promise<U>((resolve) => {
    silence = systemClock.timer(ms, () => resolve(otherwise));
  });
  try {
    return await Promise.race([promise, over]);
  } finally {
    silence?.();
  }
}

/**
 * The first success of several attempts: each next one is made beside those that are silent, after one more of the waits
 * given in milliseconds. A failure while no other attempt is under way is the result.
 */
export async function hedged<T>(
  attempt: (signal: AbortSignal) => Promise<T>,
  waitsMs: readonly number[],
  signal: AbortSignal,
): Promise<T> {
  const own = link(signal);
  const silent = Symbol('silent');
  const attempts: Promise<T>[] = [];
  try {
    for (const waitMs of [...waitsMs, undefined]) {
      attempts.push(attempt(own.signal));
      const first = Promise.any(attempts);
      // oxlint-disable-next-line no-await-in-loop -- an attempt is made because those before it are silent
      const early = waitMs === undefined ? await first : await atMost<T, symbol>(first, waitMs, silent);
      if (early !== silent) return early as T;
    }
    throw new Error('unreachable: the last wait has no end');
  } catch (error) {
    throw error instanceof AggregateError ? error.errors[0] : error;
  } finally {
    own.abort();
    own.release();
  }
}
