/** What one run used, from its first request to its end. */
import type { Outcome } from '../budget/outcome.ts';
import type { Clock } from '../clock.ts';
import type { Session } from '../engine/engine.ts';
import type { GenerationObserver } from '../stream/reading.ts';
import type { BusyTime } from './busy-time.ts';
import type { Spending, Spent } from './spending.ts';
import type { Use } from './use.ts';

type Options = {
  readonly spending: Spending;
  readonly busy: BusyTime;
  readonly clock: Clock;
  readonly tool: string;
  /** of the profile that the question uses */
  readonly profileSaving?: number | undefined;
  /** of the call, on the clock */
  readonly startedAt: number;
};

export class RunCost {
  readonly #options: Options;
  #busyMs = 0;
  #model = '';

  constructor(options: Options) {
    this.#options = options;
  }

  /** Measures a generation from its request on. */
  observe({ facts }: Pick<Session, 'facts'>, observer: GenerationObserver): GenerationObserver {
    const { busy, clock } = this.#options;
    this.#model = facts.model;
    const end = busy.begin(clock.now());
    return {
      firstToken: () => observer.firstToken(),
      ended: () => {
        this.#busyMs += end(clock.now());
        observer.ended();
      },
    };
  }

  /** Adds the run to what was spent, and its cost to its outcome. */
  of(outcome: Outcome): Outcome {
    const { spending, tool, profileSaving } = this.#options;
    const { counts, timing } = outcome;
    const cost = spending.add({
      model: outcome.model,
      tool,
      use: {
        promptTokens: counts.prompt,
        thinkingTokens: counts.thinking,
        otherTokens: counts.received - counts.thinking - counts.answer,
        answerTokens: counts.answer,
        totalMs: timing.totalMs,
        busyMs: this.#busyMs,
      },
      thinking: howItEnded(outcome),
      profileSaving,
    });
    return { ...outcome, ...(cost !== undefined && { cost }) };
  }

  /** A task that made several runs, as one call. */
  ofTask(use: Pick<Use, 'promptTokens' | 'thinkingTokens' | 'answerTokens'>): void {
    const { spending, tool, clock, startedAt } = this.#options;
    const totalMs = clock.now() - startedAt;
    const whole = { ...use, otherTokens: 0, totalMs, busyMs: this.#busyMs };
    spending.add({ model: this.#model, tool, use: whole, thinking: 'none' });
  }

  /** A run that received nothing is not added. */
  ofFailure(thinkingTokens: number): void {
    if (thinkingTokens === 0) return;
    const { spending, tool, clock, startedAt } = this.#options;
    const totalMs = clock.now() - startedAt;
    const use = { promptTokens: 0, thinkingTokens, otherTokens: 0, answerTokens: 0, totalMs, busyMs: this.#busyMs };
    spending.add({ model: this.#model, tool, use, thinking: 'failed' });
  }
}

/** What a continued run thought is only a part of a length, and so is thinking that the server ended. */
function howItEnded({ thinkingEndedBy, reusedTokens }: Outcome): Spent['thinking'] {
  if (thinkingEndedBy === 'budget' || thinkingEndedBy === 'deadline') return 'cut';
  const isWhole = thinkingEndedBy === 'model' || thinkingEndedBy === 'unclosed';
  return isWhole && reusedTokens === undefined ? 'closed' : 'none';
}
