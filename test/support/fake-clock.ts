/** A clock turned by hand. Between two rings everything that can go on without time goes on. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../src/clock.ts';

type Timer = { readonly at: number; readonly ring: () => void };

export class FakeClock implements Clock {
  #now: number;
  readonly #timers = new Set<Timer>();

  /** not 0, so that a duration taken for a time shows */
  constructor(now = 1_000_000) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  timer(ms: number, ring: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, ms), ring };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** How many are set and have not rung. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Rings what falls due within `ms`, in order. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settled();
    for (let next = this.#next(); next !== undefined && next.at <= until; next = this.#next()) {
      // oxlint-disable-next-line no-await-in-loop -- one ring may set the next timer
      await this.#ring(next);
    }
    this.#now = until;
  }

  /** Lets time pass until this is settled. Something that waits for nothing on this clock is an error, not a hang. */
  async until<T>(promise: Promise<T>): Promise<T> {
    const state = { over: false };
    void Promise.allSettled([promise]).then(() => (state.over = true));
    await settled();
    while (!state.over) {
      const next = this.#next();
      if (next === undefined) throw new Error('this would wait for ever: no timer is set');
      // oxlint-disable-next-line no-await-in-loop -- one ring may set the next timer
      await this.#ring(next);
    }
    return promise;
  }

  /** The earliest; of several at one time the one set first. */
  #next(): Timer | undefined {
    return [...this.#timers].toSorted((a, b) => a.at - b.at)[0];
  }

  #ring(timer: Timer): Promise<void> {
    this.#timers.delete(timer);
    this.#now = timer.at;
    timer.ring();
    return settled();
  }
}

/** Until no promise has anything left to do. */
async function settled(): Promise<void> {
  await nextTurn();
  await nextTurn();
}
