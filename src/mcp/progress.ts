/**
 * Progress notifications for one call: at most one per second, and at least one every five seconds, even if no token
 * arrives. Values rise. After the end of the call none is sent, because a client may close the connection for a late
 * one.
 */
import type { Progress } from '../budget/values.ts';
import type { Clock } from '../clock.ts';
import { progressText } from '../report/progress.ts';

const AT_MOST_EVERY_MS = 1000;
/** Less than the promised five seconds, so that a late timer does not break the promise. */
const AT_LEAST_EVERY_MS = 4500;

/** `elapsed` is in seconds. */
type Send = (notification: { readonly elapsed: number; readonly message: string }) => void;

export class ProgressReporter {
  readonly #send: Send;
  readonly #clock: Clock;
  readonly #startedAt: number;
  #latest: Progress = { phase: 'waiting', thinkingTokens: 0, answerTokens: 0 };
  #sentAt: number;
  #silence: () => void;
  #over = false;

  constructor(send: Send, clock: Clock, startedAt: number) {
    this.#send = send;
    this.#clock = clock;
    this.#startedAt = startedAt;
    this.#sentAt = startedAt;
    this.#silence = clock.timer(AT_LEAST_EVERY_MS, () => this.#say());
  }

  report(progress: Progress): void {
    this.#latest = progress;
    if (this.#clock.now() - this.#sentAt >= AT_MOST_EVERY_MS) this.#say();
  }

  #say(): void {
    if (this.#over) return;
    this.#silence();
    this.#sentAt = this.#clock.now();
    this.#silence = this.#clock.timer(AT_LEAST_EVERY_MS, () => this.#say());
    this.#send({ elapsed: Math.round(this.#sentAt - this.#startedAt) / 1000, message: progressText(this.#latest) });
  }

  end(): void {
    this.#over = true;
    this.#silence();
  }
}
