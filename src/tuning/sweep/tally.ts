/** The results of a tuning by case, repeat and budget, as shares and figures. */
import type { BudgetRun } from './run-budgets.ts';
import { accuracyOf } from '../statistics/accuracy.ts';
import { differenceTo } from '../statistics/difference.ts';
import { mean, quantile } from '../statistics/quantile.ts';
import type { Shares, Tried } from '../statistics/shares.ts';
import type { BudgetFigures } from '../values.ts';

/** One run, judged. */
export type Judged = BudgetRun & { readonly isRight: boolean };

const UNLIMITED = null;

export type JudgedStop = Judged & { readonly threshold: number };

export class Tally {
  readonly #cases: number;
  readonly #repeats: number;
  readonly #budgets: readonly number[];
  /** by case: the runs of each repeat that is done */
  readonly #runs: (readonly Judged[])[][];
  /** by case: the same, of thinking that ended early */
  readonly #stops: (readonly JudgedStop[])[][];
  #finished = 0;
  /** the number of cases after which a budget was dropped */
  readonly #droppedAfter = new Map<number, number>();

  /** `budgets`: limited ones, rising. */
  constructor(cases: number, repeats: number, budgets: readonly number[]) {
    this.#cases = cases;
    this.#repeats = repeats;
    this.#budgets = budgets;
    this.#runs = Array.from({ length: cases }, () => []);
    this.#stops = Array.from({ length: cases }, () => []);
  }

  add(index: number, runs: readonly Judged[], stops: readonly JudgedStop[]): void {
    this.#runs[index]?.push(runs);
    this.#stops[index]?.push(stops);
    if (this.#runs[index]?.length === this.#repeats) this.#finished += 1;
  }

  /**
   * By case and repeat: with a budget and an early stop together, whichever ends the thinking first. undefined: early stops
   * were not measured in every run.
   */
  stoppedOf(budget: number, threshold: number): readonly (readonly Judged[])[] | undefined {
    let isWhole = true;
    const stopped = this.runsOf(budget).map((runs, index) =>
      runs.map((run, repeat) => {
        const stop = this.#stops[index]?.[repeat]?.find((one) => one.threshold === threshold);
        isWhole &&= stop !== undefined;
        return stop !== undefined && stop.thinkingTokens <= run.thinkingTokens ? stop : run;
      }),
    );
    return isWhole ? stopped : undefined;
  }

  /** Its later results are not used: it was dropped for those before. */
  drop(budget: number, afterCases: number): void {
    if (!this.#droppedAfter.has(budget)) this.#droppedAfter.set(budget, afterCases);
  }

  /** Budgets that are still measured, rising. */
  get wanted(): readonly number[] {
    return this.#budgets.filter((budget) => !this.#droppedAfter.has(budget));
  }

  get dropped(): ReadonlyMap<number, number> {
    return this.#droppedAfter;
  }

  /** Cases of which every repeat is done. */
  get finished(): number {
    return this.#finished;
  }

  /** How many cases from the first on are finished, without a gap. */
  get finishedInARow(): number {
    const first = this.#runs.findIndex((repeats) => repeats.length < this.#repeats);
    return first === -1 ? this.#cases : first;
  }

  /** `most`: only the first cases; default: all. */
  reference(most = this.#cases): Shares {
    return this.#shares(UNLIMITED, most);
  }

  tried(most = this.#cases): readonly Tried[] {
    return this.#budgets.map((budget) => ({ budget, shares: this.#shares(budget, most) }));
  }

  #shares(budget: number | null, most: number): Shares {
    return sharesOf(this.runsOf(budget, most));
  }

  /**
   * By case and repeat: with a budget, or unlimited; of the first `most` cases. Unfinished cases are left out: the repeats
   * that are done are the short ones.
   */
  runsOf(budget: number | null, most = this.#cases): readonly (readonly Judged[])[] {
    const last = Math.min(most, budget === null ? Infinity : (this.#droppedAfter.get(budget) ?? Infinity));
    return this.#runs.map((repeats, index) =>
      index >= last || repeats.length < this.#repeats
        ? []
        : repeats.flatMap((runs) => runs.filter((run) => run.budget === budget)),
    );
  }

  /** By rising budget, unlimited last. */
  figures(): readonly BudgetFigures[] {
    return [...this.#budgets, UNLIMITED].map((budget) => this.#figuresOf(budget));
  }

  #figuresOf(budget: number | null): BudgetFigures {
    const shares = this.#shares(budget, this.#cases);
    const reference = this.reference();
    const accuracy = accuracyOf(shares) ?? NOTHING;
    const difference = budget === null ? NO_DIFFERENCE : (differenceTo(reference, shares) ?? NOTHING);
    const runs = this.runsOf(budget);
    const all = runs.flat();
    const thinking = all.map(({ thinkingTokens }) => thinkingTokens);
    const latencies = all.map(({ latencyMs }) => latencyMs);
    // on the same cases: a dropped budget has fewer
    const unlimited = this.runsOf(UNLIMITED).flatMap((some, index) =>
      (runs[index]?.length ?? 0) > 0 ? some.map(({ thinkingTokens }) => thinkingTokens) : [],
    );
    const [own, whole] = [mean(thinking) ?? 0, mean(unlimited) ?? 0];
    return {
      budget,
      accuracy: rounded(accuracy.estimate),
      accuracy_low: rounded(accuracy.low),
      accuracy_high: rounded(accuracy.high),
      difference: rounded(difference.estimate),
      difference_low: rounded(difference.low),
      difference_high: rounded(difference.high),
      thinking_tokens: rounded(own, 1),
      thinking_tokens_p95: quantile(thinking, 0.95) ?? 0,
      closed_share: rounded(mean(all.map(({ closed }) => (closed ? 1 : 0))) ?? 0),
      latency_ms: Math.round(mean(latencies) ?? 0),
      latency_ms_p95: Math.round(quantile(latencies, 0.95) ?? 0),
      saving: rounded(whole === 0 ? 0 : 1 - own / whole),
    };
  }

  /** Tokens of answers, on average. */
  answerTokens(budget: number | null): number {
    return Math.round(mean(this.runsOf(budget).flatMap((runs) => runs.map((run) => run.answerTokens))) ?? 0);
  }
}

/** By case: the share of its runs that were right. */
export function sharesOf(runs: readonly (readonly Judged[])[]): Shares {
  return runs.map((repeats) => mean(repeats.map(({ isRight }) => (isRight ? 1 : 0))));
}

/** Nothing was measured. */
const NOTHING = { estimate: 0, low: 0, high: 1 } as const;
const NO_DIFFERENCE = { estimate: 0, low: 0, high: 0 } as const;

function rounded(value: number, decimals = 4): number {
  return Number(value.toFixed(decimals)) + 0;
}
