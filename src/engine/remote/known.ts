/**
 * What is known of the one server that an engine talks to, and when it is asked for again. Known facts are used at once
 * and refreshed in the background; they are waited for only while there are none, or when they are doubted.
 */
import { systemClock, type Clock } from '../../clock.ts';
import { EngineUnreachableError } from '../../errors.ts';
import { untilAborted } from '../../wait.ts';

/** A server may be restarted with other settings. */
const EXPIRES_MS = 300_000;
/** Something did not answer in time, or token ids are avoided. */
const PARTIAL_EXPIRES_MS = 60_000;
/** A refresh that failed is not repeated with every call. */
const FAILED_AGAIN_MS = 10_000;

export class Known<T extends { readonly isPartial: boolean }> {
  readonly #describe: () => Promise<T>;
  readonly #clock: Clock;
  #value: T | undefined;
  #expires = 0;
  #isDoubted = false;
  #refreshing: Promise<T> | undefined;

  /** `ask` has limits of its own: it is made on behalf of every call that waits for it, and no single caller ends it. */
  constructor(describe: () => Promise<T>, clock: Clock = systemClock) {
    this.#describe = describe;
    this.#clock = clock;
  }

  /** `fresh`: asks, and waits for it. */
  get({ signal, fresh = false }: { readonly signal: AbortSignal; readonly fresh?: boolean | undefined }): Promise<T> {
    // what was asked before may be as old as what is doubted
    if (fresh) this.#refreshing = undefined;
    if (this.#value === undefined || this.#isDoubted || fresh) return untilAborted(this.#refresh(), signal);
    if (this.#clock.now() >= this.#expires) this.#refresh().catch(() => undefined);
    return Promise.resolve(this.#value);
  }

  /** A connection was refused, a model or an endpoint was not there: the next call asks before it uses this. */
  doubt(): void {
    this.#isDoubted = true;
    this.#refreshing = undefined;
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
    this.#value = value;
    this.#isDoubted = false;
    this.#expires = this.#clock.now() + (value.isPartial ? PARTIAL_EXPIRES_MS : EXPIRES_MS);
  }

  #fail(error: unknown): void {
    this.#refreshing = undefined;
    this.#expires = this.#clock.now() + FAILED_AGAIN_MS;
    // else the server answers, if not everything: what was known of it may still hold
    if (error instanceof EngineUnreachableError) this.#isDoubted = true;
  }
}
