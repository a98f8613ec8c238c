/**
 * Every wait of this program, bounded by a limit, the caller's signal, or both.
 *
 * Node 20 garbage-collects an `AbortSignal.timeout` that only `AbortSignal.any` refers to, so the timeout never fires
 * (nodejs/node#57736). Node 20 also keeps every `any` of a signal that lives as long as the process. Waits therefore
 * use a controller, a timer and a listener, and release them. `test/architecture.test.ts` forbids both functions, and
 * timers, in every other file.
 */
import { setMaxListeners } from 'node:events';
import { systemClock, type Clock } from './clock.ts';

export type Limit = {
  /** aborts with the caller's signal, or at the end of the time */
  readonly signal: AbortSignal;
  /** the time ended before the caller's signal aborted */
  readonly expired: boolean;
  /** Aborts the signal before the end of the time. */
  readonly abort: () => void;
  /** Ends the wait: removes the timer and the listener. After that the signal does not abort. */
  readonly release: () => void;
};

/** Abort reasons are constants, because creating an error collects a stack each time. */
const STOPPED = new DOMException('the wait was stopped', 'AbortError');
const EXPIRED = new DOMException('the time limit of the wait was reached', 'TimeoutError');

/** A time limit in addition to the caller's signal. It aborts with `TimeoutError`; `Infinity` means no limit. */
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

/** An own signal that also follows the caller's. */
export function link(callers?: AbortSignal): Linked {
  const own = new AbortController();
  const follow = (): void => own.abort(callers?.reason);
  if (callers?.aborted === true) follow();
  else if (callers !== undefined) {
    // one call may have many requests at a time, so Node's warning about many listeners is wrong here
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

/** Waits for work that several callers share. If this caller's signal aborts, the work continues for the others. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', giveUp, { once: true });
    void promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}

/** The value of a promise, or `otherwise` if the promise takes longer than `ms`. A rejection is passed on. */
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
 * The first success of several parallel attempts. If all attempts so far are silent after the next of the given waits,
 * one more attempt starts. A failure is the result only if all started attempts have failed.
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
      // oxlint-disable-next-line no-await-in-loop -- an attempt starts only if those before it are silent
      const early = waitMs === undefined ? await first : await atMost<T, symbol>(first, waitMs, silent);
      if (early !== silent) return early as T;
    }
    throw new Error('unreachable: the last wait is unbounded');
  } catch (error) {
    throw error instanceof AggregateError ? error.errors[0] : error;
  } finally {
    own.abort();
    own.release();
  }
}
