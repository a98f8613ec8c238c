/** Runs that are over, kept in memory so that their reasoning and numbers can be read again. */
import type { BatchResult } from './report/batch.ts';
import type { RunResult } from './report/result.ts';

/** A run with its reasoning; a batch with all of its results; or what was paid for by a run that failed. */
export type RunRecord =
  | (RunResult & { readonly reasoning: string })
  | (BatchResult & { readonly run_id: string })
  | {
      readonly run_id: string;
      readonly error: string;
      readonly thinking: { readonly tokens: number };
      readonly reasoning: string;
    };

/** Reasoning may be long: beyond so many, the oldest are forgotten. */
const MOST = 500;

export type Spent = { readonly calls: number; readonly thinkingTokens: number; readonly answerTokens: number };

export class Runs {
  readonly #records = new Map<string, RunRecord>();
  readonly #spent = { calls: 0, thinkingTokens: 0, answerTokens: 0 };

  keep(record: RunRecord): void {
    this.#count(record);
    if (this.#records.size >= MOST) this.#records.delete(this.#records.keys().next().value ?? '');
    this.#records.set(record.run_id, record);
  }

  /** Since the start; what was paid for by runs that failed as well. */
  spent(): Spent {
    return { ...this.#spent };
  }

  /** A batch is made of runs that were counted one by one. */
  #count(record: RunRecord): void {
    if (!('thinking' in record)) return;
    this.#spent.calls += 1;
    this.#spent.thinkingTokens += record.thinking.tokens;
    this.#spent.answerTokens += 'answer_tokens' in record ? record.answer_tokens : 0;
  }

  get(runId: string): RunRecord | undefined {
    return this.#records.get(runId);
  }

  /** newest first */
  list(): RunRecord[] {
    return [...this.#records.values()].toReversed();
  }
}
