/** Every wait: what ends it, what it leaves behind, and that a garbage collection does not lose it. */
import { getEventListeners, once } from 'node:events';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { atMost, hedged, limit, link, pause, untilAborted } from '../src/wait.ts';
import { FakeClock } from './support/fake-clock.ts';
import { startSilent } from './support/silent-server.ts';

setFlagsFromString('--expose_gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Often enough that what nothing refers to is gone. */
async function collect(): Promise<void> {
  for (let rounds = 0; rounds < 5; rounds += 1) {
    collectGarbage();
    // oxlint-disable-next-line no-await-in-loop -- finalizers run between turns
    await nextTurn();
  }
}

function listeners(signal: AbortSignal): number {
  return getEventListeners(signal, 'abort').length;
}

function never(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

describe('a limit', () => {
  test('aborts with a TimeoutError when the time is over, and says that it has expired', async () => {
    const clock = new FakeClock();
    const it = limit(new AbortController().signal, 100, clock);
    await clock.advance(99);
    expect({ aborted: it.signal.aborted, expired: it.expired }).toEqual({ aborted: false, expired: false });
    await clock.advance(1);
    expect(it.expired).toBe(true);
    expect(it.signal.reason).toMatchObject({ name: 'TimeoutError' });
  });

  test('follows its caller, with the same reason: then it has not expired, also when the time is over', async () => {
    const clock = new FakeClock();
    const callers = new AbortController();
    const it = limit(callers.signal, 100, clock);
    const reason = new Error('enough');
    callers.abort(reason);
    expect(it.signal.reason).toBe(reason);
    await clock.advance(200);
    expect({ expired: it.expired, reason: it.signal.reason as unknown }).toEqual({ expired: false, reason });
  });

  test('of a caller that has given up before is aborted from the beginning', () => {
    const reason = new Error('enough');
    const it = limit(AbortSignal.abort(reason), 100, new FakeClock());
    expect({ reason: it.signal.reason as unknown, expired: it.expired }).toEqual({ reason, expired: false });
  });

  test('that expired first stays expired when its caller gives up', async () => {
    const clock = new FakeClock();
    const callers = new AbortController();
    const it = limit(callers.signal, 100, clock);
    await clock.advance(100);
    callers.abort();
    expect(it.expired).toBe(true);
    expect(it.signal.reason).toMatchObject({ name: 'TimeoutError' });
  });

  test('that is given up is aborted, and has not expired', async () => {
    const it = limit(undefined, 100, new FakeClock());
    it.abort();
    expect({ aborted: it.signal.aborted, expired: it.expired }).toEqual({ aborted: true, expired: false });
    expect(it.signal.reason).toMatchObject({ name: 'AbortError' });
  });

  test('that is released leaves no timer and no listener, and does not abort any more', async () => {
    const clock = new FakeClock();
    const callers = new AbortController();
    const it = limit(callers.signal, 100, clock);
    expect({ timers: clock.timers, listeners: listeners(callers.signal) }).toEqual({ timers: 1, listeners: 1 });
    it.release();
    expect({ timers: clock.timers, listeners: listeners(callers.signal) }).toEqual({ timers: 0, listeners: 0 });
    callers.abort();
    await clock.advance(200);
    expect({ aborted: it.signal.aborted, expired: it.expired }).toEqual({ aborted: false, expired: false });
  });

  test('of infinity sets no timer', () => {
    const clock = new FakeClock();
    limit(undefined, Infinity, clock);
    expect(clock.timers).toBe(0);
  });

  test('of more than setTimeout can take is not over at once', async () => {
    const it = limit(undefined, 2 ** 32);
    await sleep(20);
    expect(it.expired).toBe(false);
    it.release();
  });

  // nodejs/node#57736: a signal of AbortSignal.timeout that only AbortSignal.any refers to is collected, and never fires
  test('is not lost by a garbage collection between its creation and its end', async () => {
    const { signal } = limit(new AbortController().signal, 150);
    await collect();
    // on a busy machine the time may be over by now
    if (!signal.aborted) await once(signal, 'abort');
    expect(signal.reason).toMatchObject({ name: 'TimeoutError' });
  });

  test('is not lost when only a request refers to it', async () => {
    const silent = await startSilent();
    const asked = (): Promise<unknown> =>
      fetch(silent.url, { signal: limit(new AbortController().signal, 2000).signal }).catch((error: unknown) => error);
    const answer = asked();
    await expect.poll(silent.heard, { timeout: 1900 }).toBe(1);
    await collect();
    expect(await answer).toMatchObject({ name: 'TimeoutError' });
  });

  test('of a caller whose signal only it refers to still follows that', async () => {
    const callers = new AbortController();
    const { signal, release } = limit(link(callers.signal).signal, 60_000);
    await collect();
    callers.abort();
    expect(signal.aborted).toBe(true);
    release();
  });

  test('many at once on one signal make no warning', async () => {
    const warnings: Error[] = [];
    const warned = (warning: Error): number => warnings.push(warning);
    process.on('warning', warned);
    const { signal } = new AbortController();
    const all = Array.from({ length: 50 }, () => limit(signal, 1000, new FakeClock()));
    await nextTurn();
    for (const it of all) it.release();
    process.off('warning', warned);
    expect(warnings).toEqual([]);
    expect(listeners(signal)).toBe(0);
  });
});

describe('a link', () => {
  test('is aborted with its caller, or alone', () => {
    const callers = new AbortController();
    const [followed, alone] = [link(callers.signal), link(callers.signal)];
    const own = new Error('mine');
    alone.abort(own);
    expect(followed.signal.aborted).toBe(false);
    const reason = new Error('enough');
    callers.abort(reason);
    expect([followed.signal.reason, alone.signal.reason]).toEqual([reason, own]);
  });

  test('that is released does not follow any more', () => {
    const callers = new AbortController();
    const it = link(callers.signal);
    it.release();
    callers.abort();
    expect(it.signal.aborted).toBe(false);
  });
});

describe('a pause', () => {
  test('is over when its time is, and leaves no listener', async () => {
    const clock = new FakeClock();
    const { signal } = new AbortController();
    const pausing = pause(100, signal, clock);
    await clock.advance(100);
    await pausing;
    expect(listeners(signal)).toBe(0);
  });

  test('ends with its signal, and leaves no timer', async () => {
    const clock = new FakeClock();
    const leave = new AbortController();
    const reason = new Error('enough');
    const pausing = pause(100, leave.signal, clock);
    leave.abort(reason);
    await expect(pausing).rejects.toBe(reason);
    expect(clock.timers).toBe(0);
  });

  test('is not begun for a signal that has fired', () => {
    const clock = new FakeClock();
    expect(() => pause(100, AbortSignal.abort(new Error('enough')), clock)).toThrow('enough');
    expect(clock.timers).toBe(0);
  });
});

describe('what others wait for as well', () => {
  test('one waiter that gives up leaves the others waiting', async () => {
    const leave = new AbortController();
    const promise = once(leave.signal, 'abort').then(() => nextTurn(7));
    const given = untilAborted(promise, leave.signal);
    const kept = untilAborted(promise, new AbortController().signal);
    const reason = new Error('enough');
    leave.abort(reason);
    await expect(given).rejects.toBe(reason);
    expect(await kept).toBe(7);
  });

  test('a failure reaches every waiter', async () => {
    const failing = Promise.reject(new Error('no'));
    const { signal } = new AbortController();
    await expect(untilAborted(failing, signal)).rejects.toThrow('no');
    await expect(untilAborted(failing, signal)).rejects.toThrow('no');
  });

  test('a waiter that is served leaves no listener behind', async () => {
    const { signal } = new AbortController();
    for (let calls = 0; calls < 5; calls++) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await untilAborted(Promise.resolve(1), signal);
    }
    await nextTurn();
    expect(listeners(signal)).toBe(0);
  });
});

describe('at most', () => {
  test('what comes in time is taken', async () => {
    expect(await atMost(nextTurn('here'), 5000, 'late')).toBe('here');
  });

  test('what does not is left, and its failure later is heard by nobody', async () => {
    const fails = sleep(40).then(() => Promise.reject(new Error('too late')));
    expect(await atMost(fails, 10, 'late')).toBe('late');
    // vitest reports what nobody has handled
    await sleep(60);
  });

  test('a failure in time passes', async () => {
    await expect(atMost(Promise.reject(new Error('no')), 5000, 'late')).rejects.toThrow('no');
  });

  test('what is waited for survives a garbage collection', async () => {
    const late = atMost(new Promise(() => undefined), 100, 'late');
    await collect();
    expect(await late).toBe('late');
  });
});

describe('attempts beside each other', () => {
  test('the first alone, where it does not take long', async () => {
    let attempts = 0;
    const attempt = (): Promise<number> => nextTurn(++attempts);
    expect(await hedged(attempt, [5000], new AbortController().signal)).toBe(1);
    expect(attempts).toBe(1);
  });

  test('a second one beside a silent first: it counts, and the first is aborted', async () => {
    const signals: AbortSignal[] = [];
    const attempt = (signal: AbortSignal): Promise<number> => {
      signals.push(signal);
      return signals.length === 1 ? never(signal) : nextTurn(2);
    };
    const { signal: callers } = new AbortController();
    expect(await hedged(attempt, [20], callers)).toBe(2);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    expect(listeners(callers)).toBe(0);
  });

  test('the first counts where it comes before the second', async () => {
    let attempts = 0;
    const attempt = (signal: AbortSignal): Promise<number> => {
      attempts += 1;
      return attempts === 1 ? sleep(60, 1) : never(signal);
    };
    expect(await hedged(attempt, [20], new AbortController().signal)).toBe(1);
    expect(attempts).toBe(2);
  });

  test('a failure of one is no failure while the other may succeed', async () => {
    let attempts = 0;
    const attempt = (): Promise<number> => {
      attempts += 1;
      return attempts === 1 ? sleep(40).then(() => Promise.reject(new Error('first'))) : sleep(60, 2);
    };
    expect(await hedged(attempt, [20], new AbortController().signal)).toBe(2);
  });

  test('one more after each wait, until one succeeds: the others are aborted', async () => {
    const signals: AbortSignal[] = [];
    const attempt = (signal: AbortSignal): Promise<number> => {
      signals.push(signal);
      return signals.length < 3 ? never(signal) : nextTurn(signals.length);
    };
    expect(await hedged(attempt, [20, 20, 20], new AbortController().signal)).toBe(3);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true]);
  });

  test('when both fail it is the failure of the first', async () => {
    let attempts = 0;
    const attempt = async (): Promise<never> => {
      const name = ++attempts === 1 ? 'first' : 'second';
      await sleep(40);
      throw new Error(name);
    };
    await expect(hedged(attempt, [20], new AbortController().signal)).rejects.toThrow('first');
  });

  test('a first that fails at once is not attempted again', async () => {
    let attempts = 0;
    const attempt = (): Promise<never> => Promise.reject(new Error(`attempt ${++attempts}`));
    await expect(hedged(attempt, [20], new AbortController().signal)).rejects.toThrow('attempt 1');
    expect(attempts).toBe(1);
  });

  test.each([5, 40])('both end with their caller, with its reason, after %i ms', async (ms) => {
    const leave = new AbortController();
    const reason = new Error('enough');
    const failed = hedged(never, [20], leave.signal).catch((error: unknown) => error);
    await sleep(ms);
    leave.abort(reason);
    expect(await failed).toBe(reason);
  });
});
