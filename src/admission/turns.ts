/**
 * The queue of the process: as many runs go on at the same time as the server computes. The others wait here, where
 * their plan can still change.
 */
import PQueue from 'p-queue';
import type { Pace } from '../budget/deadline.ts';
import type { Clock } from '../clock.ts';
import { CancelledError, EngineTimeoutError } from '../errors.ts';
import type { GenerationObserver } from '../stream/reading.ts';
import { limit, type Limit } from '../wait.ts';
import { Admission, type Asked } from './admission.ts';

/** Priorities in the queue: a single question does not wait behind a batch of a thousand items. */
export const [SINGLE, BULK] = [1, 0];

/** The time of a call, which began with the call. */
export type CallTime = {
  readonly maxSeconds: number | undefined;
  readonly startedAt: number;
  readonly signal: AbortSignal;
};

export class Turns {
  readonly #most: number;
  readonly #clock: Clock;
  readonly #admission: Admission;
  readonly #queue: PQueue;
  /** read for each token, and the queue itself counts slowly */
  #singlesWaiting = 0;

  /** `most`: the operator's limit, a whole number from 1. */
  constructor(most: number, clock: Clock) {
    this.#most = most;
    this.#clock = clock;
    this.#admission = new Admission(most, clock, (atOnce) => (this.#queue.concurrency = atOnce));
    this.#queue = new PQueue({ concurrency: this.#admission.limit });
  }

  /** undefined: no run has opened a session yet */
  get server(): string | undefined {
    return this.#admission.server;
  }

  /** How many generations the current server is known to compute at once; 0: not known. */
  get atOnce(): number {
    return this.#admission.atOnce;
  }

  /** What an earlier process knew as `atOnce`. */
  recall(server: string, atOnce: number): void {
    this.#admission.recall(server, atOnce);
  }

  know(facts: Asked['facts']): void {
    this.#admission.know(facts);
  }

  observe(asked: Asked, promptTokens: number): GenerationObserver {
    return this.#admission.observe(asked, promptTokens);
  }

  /** When a run that began at `begunAt` should end, so that calls that wait get their turn; `at`: its own end. */
  endOf(begunAt: number, at: number): number {
    if (this.#singlesWaiting === 0) return at;
    return begunAt + (at - begunAt) / (1 + Math.ceil(this.#singlesWaiting / this.#queue.concurrency));
  }

  /** Waits in the queue and runs the task; undefined if the caller's time ends in the queue. */
  async take<T>(time: CallTime, priority: number, task: () => Promise<T>): Promise<T | undefined> {
    const waiting = callersTime(time, this.#clock);
    let isWaiting = true;
    if (priority === SINGLE) this.#singlesWaiting += 1;
    const waitsNoMore = (): void => {
      if (isWaiting && priority === SINGLE) this.#singlesWaiting -= 1;
      isWaiting = false;
    };
    // the queue must not abort a run that has begun: the run sets its own limits
    const begin = (): Promise<T> => {
      waitsNoMore();
      waiting.release();
      return task();
    };
    try {
      return await this.#queue.add(begin, { signal: waiting.signal, priority });
    } catch (error) {
      // a cancelled run carries the tokens that it has received
      if (error instanceof CancelledError) throw error;
      if (time.signal.aborted) throw new CancelledError('the call was cancelled', { cause: error });
      if (waiting.expired) return undefined;
      throw error;
    } finally {
      waitsNoMore();
      waiting.release();
    }
  }

  /**
   * Refuses a call at once that would have its turn too late.
   * @throws {EngineTimeoutError} with the time that it would need
   */
  refuseWithoutTime({ maxSeconds = Infinity, startedAt }: CallTime, pace: () => Pace): void {
    const { pending, concurrency } = this.#queue;
    if (pending < concurrency) return;
    const { firstTokenMs = 0, msPerToken = 0, usualAnswer = 0, leastFirstTokenMs = 0 } = pace();
    // if every call before it answers without thinking; those that are computed now are half over, on average
    const untilTurn = (firstTokenMs + msPerToken * usualAnswer) * (this.#singlesWaiting / concurrency + 1 / 2);
    const neededMs = untilTurn + leastFirstTokenMs;
    if (startedAt + maxSeconds * 1000 - this.#clock.now() >= neededMs) return;
    const seconds = Math.ceil(neededMs / 1000);
    const before = this.#singlesWaiting === 1 ? '1 call waits' : `${this.#singlesWaiting} calls wait`;
    throw new EngineTimeoutError(
      `this call would need about ${seconds} seconds: ${before} before it, and the server computes ${concurrency} at a time`,
      { hint: `raise max_seconds to at least ${seconds + 1}, or make fewer calls at a time` },
    );
  }

  /** For a call whose time ended in the queue. */
  noTurn(): EngineTimeoutError {
    const { pending } = this.#queue;
    const others = pending === 1 ? '1 other call was' : `${pending} other calls were`;
    return new EngineTimeoutError(`max_seconds passed in the queue while ${others} running`, {
      hint:
        this.#admission.limit < this.#most
          ? `raise max_seconds: this server computes ${this.#admission.limit} at a time`
          : 'raise max_seconds or THINKMETER_CONCURRENCY',
    });
  }
}

/** Aborts with the caller, and when the caller's time is over. */
export function callersTime({ maxSeconds = Infinity, startedAt, signal }: CallTime, clock: Clock): Limit {
  return limit(signal, startedAt + maxSeconds * 1000 - clock.now(), clock);
}
