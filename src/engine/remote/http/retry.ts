/**
 * The one place where requests are repeated, and only before anything was answered: the connection was refused or reset,
 * the server was busy (503), or it asked for patience (429), which then holds for every request to it.
 */
import { EngineHttpError, EngineUnreachableError } from '../../../errors.ts';
import { pause } from '../../../wait.ts';

/** What an attempt may fail with to be worth another; the wait a server asked for, in milliseconds. */
export type Retryable = { readonly error: EngineUnreachableError | EngineHttpError; readonly retryAfterMs?: number };

const ATTEMPTS = 4;
const FIRST_WAIT_MS = 150;
/** A server that asks for more patience than this is an error to report, not to sit out. */
const LONGEST_WAIT_MS = 30_000;

export class Retry {
  /** until when every request waits, on `performance.now()` */
  #pausedUntil = 0;
  readonly #onRefused: () => void;

  /** `onRefused`: a connection was refused or reset */
  constructor(onRefused: () => void = () => undefined) {
    this.#onRefused = onRefused;
  }

  /** @throws what `toRetryable` leaves alone, and the last retryable error when the attempts are used up */
  async run<T>(
    attempt: () => Promise<T>,
    toRetryable: (error: unknown) => Retryable | undefined,
    signal: AbortSignal,
  ): Promise<T> {
    for (let tried = 1; ; tried++) {
      // oxlint-disable no-await-in-loop -- attempts follow each other
      await this.#pause(signal);
      try {
        return await attempt();
      } catch (error) {
        const retryable = signal.aborted ? undefined : toRetryable(error);
        if (retryable === undefined) throw error;
        if (retryable.error instanceof EngineUnreachableError) this.#onRefused();
        const wait = retryable.retryAfterMs ?? FIRST_WAIT_MS * 2 ** (tried - 1);
        if (tried === ATTEMPTS || wait > LONGEST_WAIT_MS) throw retryable.error;
        if (retryable.error instanceof EngineHttpError && retryable.error.status === 429) {
          this.#pausedUntil = Math.max(this.#pausedUntil, performance.now() + wait);
        } else {
          await pause(wait, signal);
        }
      }
      // oxlint-enable no-await-in-loop
    }
  }

  async #pause(signal: AbortSignal): Promise<void> {
    for (let wait = this.#pausedUntil - performance.now(); wait > 0; wait = this.#pausedUntil - performance.now()) {
      // oxlint-disable-next-line no-await-in-loop -- the pause may have been prolonged meanwhile
      await pause(wait, signal);
    }
  }
}
