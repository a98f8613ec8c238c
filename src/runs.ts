/** Runs that are over, kept in memory so that their reasoning and numbers can be read again. */
import type { BatchResult } from './report/batch.ts';
import type { RunResult } from './report/result.ts';

/** A run with its reasoning; a batch with all of its results and reasoning; or what was paid for by a run that failed. */
export type RunRecord =
  | (RunResult & { readonly reasoning: string })
  | (BatchResult & { readonly run_id: string; readonly reasoning: readonly string[] })
  | {
      readonly run_id: string;
      readonly error: string;
      readonly thinking: { readonly tokens: number };
      readonly reasoning: string;
    };

/** Reasoning may be long: beyond so many, or so many characters in all, the oldest are forgotten. */
const MOST = { records: 500, characters: 16_000_000 } as const;

export type Spent = { readonly calls: number; readonly thinkingTokens: number; readonly answerTokens: number };

export class Runs {
  readonly #records = new Map<string, { readonly record: RunRecord; readonly characters: number }>();
  #characters = 0;
  readonly #spent = { calls: 0, thinkingTokens: 0, answerTokens: 0 };

  keep(record: RunRecord): void {
    this.count(record);
    const characters = charactersOf(record);
    this.#records.set(record.run_id, { record, characters });
    this.#characters += characters;
    while (this.#records.size > 1 && (this.#records.size > MOST.records || this.#characters > MOST.characters)) {
      const [oldest = ''] = this.#records.keys();
      this.#characters -= this.#records.get(oldest)?.characters ?? 0;
      this.#records.delete(oldest);
    }
  }

  /** Since the start; what was paid for by runs that failed as well. */
  spent(): Spent {
    return { ...this.#spent };
  }

  /** What it cost. A run of a batch is counted, and kept with the batch; a batch is made of runs that were counted. */
  count(record: RunRecord): void {
    if (!('thinking' in record)) return;
    this.#spent.calls += 1;
    this.#spent.thinkingTokens += record.thinking.tokens;
    this.#spent.answerTokens += 'answer_tokens' in record ? record.answer_tokens : 0;
  }

  get(runId: string): RunRecord | undefined {
    return this.#records.get(runId)?.record;
  }

  /** newest first */
  list(): RunRecord[] {
    return [...this.#records.values()].map(({ record }) => record).toReversed();
  }
}

function charactersOf(record: RunRecord): number {
  if ('results' in record) {
    const answers = record.results.reduce((sum, { answer = '' }) => sum + answer.length, 0);
    return record.reasoning.reduce((sum, text) => sum + text.length, answers);
  }
  return record.reasoning.length + ('answer' in record ? record.answer.length : 0);
}
