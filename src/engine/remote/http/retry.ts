/**
 * The only place that retries requests, and only before the response began: the connection was refused or reset, or the
 * server returned 503 or 429. After a 429 all requests to this server wait.
 */
import { EngineHttpError, EngineUnreachableError } from '../../../errors.ts';
import { pause } from '../../../wait.ts';

/** An error after which the request is retried, with the server's Retry-After in milliseconds. */
export type Retryable = { readonly error: EngineUnreachableError | EngineHttpError; readonly retryAfterMs?: number };

const ATTEMPTS = 4;
const FIRST_WAIT_MS = 150;
/** If the server's Retry-After is longer, the error is reported at once. */
const LONGEST_WAIT_MS = 30_000;

export class Retry {
  /** every request waits until this time of `performance.now()` */
  #pausedUntil = 0;
  readonly #onRefused: () => void;

  /** `onRefused` is called when a connection was refused or reset. */
  constructor(onRefused: () => void = () => undefined) {
    this.#onRefused = onRefused;
  }

  /** @throws errors that are not retryable, and the last retryable error after all attempts */
  async run<T>(
    attempt: () => Promise<T>,
    toRetryable: (error: unknown) => Retryable | undefined,
    signal: AbortSignal,
  ): Promise<T> {
    for (let tried = 1; ; tried++) {
      // oxlint-disable no-await-in-loop -- each attempt follows a failed one
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
      // oxlint-disable-next-line no-await-in-loop -- another 429 may have extended the pause
      await pause(wait, signal);
    }
  }
}
