/**
 * Caches the facts about the engine's server and decides when to refresh them. Callers use known facts at once, and expired
 * or partial facts are refreshed in the background. Callers wait only if no facts are known or the facts are doubted.
 */
import { systemClock, type Clock } from '../../clock.ts';
import { EngineUnreachableError } from '../../errors.ts';
import { untilAborted } from '../../wait.ts';

/** Facts expire because an operator may restart the server with other settings. */
const EXPIRES_MS = 300_000;
/** For facts that may soon be better, see `Description.isPartial`. */
const PARTIAL_EXPIRES_MS = 60_000;
/** After the first partial facts, a refresh starts without a call, because the server may have stood still for a moment. */
const PARTIAL_AGAIN_MS = 5000;
/** After a failed background refresh, calls do not start another for this long. */
const FAILED_AGAIN_MS = 10_000;

export class Known<T extends { readonly isPartial: boolean }> {
  readonly #describe: () => Promise<T>;
  readonly #clock: Clock;
  #value: T | undefined;
  #expires = 0;
  #isDoubted = false;
  #refreshing: Promise<T> | undefined;
  #cancelAgain = (): void => undefined;

  /** `describe` takes no caller's signal and must limit its own time, because all waiting calls share one refresh. */
  constructor(describe: () => Promise<T>, clock: Clock = systemClock) {
    this.#describe = describe;
    this.#clock = clock;
  }

  /** `fresh` starts a new refresh and waits for its result. */
  get({ signal, fresh = false }: { readonly signal: AbortSignal; readonly fresh?: boolean | undefined }): Promise<T> {
    // a refresh that is already running may have read the old state of the server
    if (fresh) this.#refreshing = undefined;
    if (this.#value === undefined || this.#isDoubted || fresh) return untilAborted(this.#refresh(), signal);
    if (this.#clock.now() >= this.#expires) this.#refreshUnasked();
    return Promise.resolve(this.#value);
  }

  /** After a refused connection: the next call waits for a refresh. One that is running may itself have seen the refusal. */
  doubt(): void {
    this.#isDoubted = true;
  }

  /** After a missing model or endpoint: as `doubt`, but a refresh that is running may have read the old state. */
  refute(): void {
    this.#isDoubted = true;
    this.#refreshing = undefined;
  }

  /** No later refresh starts without a call. */
  close(): void {
    this.#cancelAgain();
  }

  #refreshUnasked(): void {
    this.#refresh().catch(() => undefined);
  }

  #refresh(): Promise<T> {
    this.#refreshing ??= this.#startRefresh();
    return this.#refreshing;
  }

  #startRefresh(): Promise<T> {
    const refreshing = this.#describe();
    const isLatest = (): boolean => this.#refreshing === refreshing;
    refreshing.then(
      (value) => {
        if (isLatest()) this.#settle(value);
      },
      (error: unknown) => {
        if (isLatest()) this.#fail(error);
      },
    );
    return refreshing;
  }

  #settle(value: T): void {
    this.#refreshing = undefined;
    this.#cancelAgain();
    const isRepeated = this.#value?.isPartial === true && !this.#isDoubted;
    if (value.isPartial && !isRepeated) {
      this.#cancelAgain = this.#clock.timer(PARTIAL_AGAIN_MS, () => this.#refreshUnasked());
    }
    this.#value = value;
    this.#isDoubted = false;
    this.#expires = this.#clock.now() + (value.isPartial ? PARTIAL_EXPIRES_MS : EXPIRES_MS);
  }

  #fail(error: unknown): void {
    this.#refreshing = undefined;
    this.#expires = this.#clock.now() + FAILED_AGAIN_MS;
    // after any other error the server is still running, so its known facts may still be valid
    if (error instanceof EngineUnreachableError) this.#isDoubted = true;
  }
}
