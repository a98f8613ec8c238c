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
    if (this.#over) return;
    const isNewPhase = progress.phase !== this.#latest.phase;
    this.#latest = progress;
    const wait = this.#sentAt + AT_MOST_EVERY_MS - this.#clock.now();
    if (wait <= 0) this.#say();
    // the next report may come late: while a model is loaded there is only one
    else if (isNewPhase) this.#sayIn(wait);
  }

  #say(): void {
    this.#sentAt = this.#clock.now();
    this.#sayIn(AT_LEAST_EVERY_MS);
    this.#send({ elapsed: Math.round(this.#sentAt - this.#startedAt) / 1000, message: progressText(this.#latest) });
  }

  #sayIn(ms: number): void {
    this.#silence();
    this.#silence = this.#clock.timer(ms, () => this.#say());
  }

  end(): void {
    this.#over = true;
    this.#silence();
  }
}
