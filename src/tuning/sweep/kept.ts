/** What is kept of a tuning while it runs, so that nothing is paid for twice. */
import type { BudgetRuns } from './run-budgets.ts';

/** What one case and repeat gave. */
export type KeptCase = { readonly number: number; readonly repeat: number; readonly data: BudgetRuns };

/** Where tunings outlive the process. */
export type TuningStore = {
  /** an unfinished tuning of the same cases, and what it has */
  unfinished(key: string): Promise<{ readonly tuningId: string; readonly cases: readonly KeptCase[] } | undefined>;
  begin(tuningId: string, key: string): void;
  addCase(tuningId: string, kept: KeptCase): void;
  finish(tuningId: string, result: object): void;
};
