/** The values of a tuning: problems with their right answers, and what each budget did with them. */

/** One problem with its right answer. */
export type Case = {
  readonly question: string;
  /** material that the question is about */
  readonly context?: string;
  readonly expected: string;
};

/** How an answer is compared with `Case.expected`. */
export const MATCHES = ['number', 'exact', 'contains', 'regex', 'choice', 'json'] as const;
export type Match = (typeof MATCHES)[number];

/** What one budget did with the cases. Shares and differences are between 0 and 1. */
export type BudgetFigures = {
  /** thinking tokens; null: unlimited */
  readonly budget: number | null;
  /** with its Wilson interval at 95 % */
  readonly accuracy: number;
  readonly accuracy_low: number;
  readonly accuracy_high: number;
  /** accuracy less that of unlimited thinking, paired by case, with its interval at 95 %; negative: worse */
  readonly difference: number;
  readonly difference_low: number;
  readonly difference_high: number;
  /** mean per run */
  readonly thinking_tokens: number;
  readonly thinking_tokens_p95: number;
  /** share of runs whose thinking the model closed by itself */
  readonly closed_share: number;
  /** mean per run */
  readonly latency_ms: number;
  readonly latency_ms_p95: number;
  /** share of unlimited's thinking tokens that this budget did not need */
  readonly saving: number;
};

export type Recommendation = { readonly budget: number; readonly loss_points: number; readonly saving: number };

/** The result of `tune_budget` and of `thinkmeter tune --json`. */
export type TuneResult = {
  readonly tuning_id: string;
  readonly model: string;
  readonly cases: number;
  readonly repeats: number;
  /** by rising budget, unlimited last */
  readonly budgets: readonly BudgetFigures[];
  /** the cheapest budget whose loss is within the tolerance */
  readonly recommended: Recommendation | null;
  /** how many cases it would take to recommend a budget; absent: there are enough */
  readonly cases_needed?: number;
  /** tokens that the sweep generated, and those that running each budget by itself would have taken */
  readonly tokens: { readonly generated: number; readonly naive: number };
  readonly saved_as?: string;
  readonly warnings: readonly string[];
};
