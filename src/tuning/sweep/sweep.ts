/** Runs the cases of a tuning under its budgets, in the server's queue, until the recommendation is certain. */
import { sum } from '../../budget/counts.ts';
import { CancelledError, ContextOverflowError, EngineTimeoutError, ThinkmeterError } from '../../errors.ts';
import { questionParts, systemParts, type Question } from '../../prompt/question.ts';
import type { Progress } from '../../budget/values.ts';
import type { Runner, Turn } from '../../runner.ts';
import { limit } from '../../wait.ts';
import type { Matcher } from '../match/matcher.ts';
import type { Profiles } from '../profiles/profiles.ts';
import { recommend } from '../statistics/recommend.ts';
import { lookAt } from '../statistics/sequential.ts';
import type { Case, TuneResult } from '../values.ts';
import type { TuningStore } from './kept.ts';
import { calibrate, THRESHOLDS } from './calibrate.ts';
import { runBudgets, type BudgetRun, type BudgetRuns } from './run-budgets.ts';
import { Tally, type Judged } from './tally.ts';
import type { Prepared } from './task.ts';
import { sweepWarnings } from './warnings.ts';

export type TuneContext = {
  readonly runner: Runner;
  readonly store: TuningStore | undefined;
  readonly profiles: Profiles;
  readonly signal: AbortSignal;
  /** on the runner's clock */
  readonly startedAt: number;
  readonly progress: (progress: Progress) => void;
};

/** Answers to cases are short. */
const ANSWER_TOKENS = 512;

/** Looking at results more often finds no more, and costs certainty. */
const LEAST_PER_LOOK = 10;
const LOOKS = 10;

export class Sweep {
  readonly #task: Prepared;
  readonly #context: TuneContext;
  readonly #tally: Tally;
  readonly #done = new Set<string>();
  readonly #casesPerLook: number;
  #tuningId: string = crypto.randomUUID();
  #model: string | undefined;
  #resumed = 0;
  #looked = 0;
  #isSettled = false;
  /** results whose budgets were run separately */
  #apart = 0;
  #isTimeOver = false;
  #generated = 0;
  #naive = 0;
  #thought = 0;
  readonly #tooLong: number[] = [];

  constructor(task: Prepared, context: TuneContext) {
    this.#task = task;
    this.#context = context;
    this.#tally = new Tally(task.cases.length, task.repeats, task.budgets);
    this.#casesPerLook = Math.max(LEAST_PER_LOOK, Math.ceil(task.cases.length / LOOKS));
  }

  /** Takes over what an unfinished tuning with this key has. */
  async resume(key: string): Promise<void> {
    const { store } = this.#context;
    const found = await store?.unfinished(key);
    if (found === undefined) {
      store?.begin(this.#tuningId, key);
      return;
    }
    this.#tuningId = found.tuningId;
    for (const { number, repeat, data } of found.cases) {
      if (this.#done.has(`${number} ${repeat}`)) continue;
      this.#take(number, repeat, data);
      this.#resumed += 1;
    }
    this.#look();
  }

  async run(): Promise<void> {
    const { cases, repeats, maxSeconds } = this.#task;
    const { signal, startedAt, runner } = this.#context;
    const left = maxSeconds === undefined ? Infinity : startedAt + maxSeconds * 1000 - runner.clock.now();
    const inTime = limit(signal, left, runner.clock);
    // a failure of the engine ends all
    const units = cases.flatMap((_, number) => Array.from({ length: repeats }, (__, repeat) => ({ number, repeat })));
    const work = units.map(({ number, repeat }) =>
      this.#unit(number, repeat, inTime.signal).catch((error: unknown) => {
        inTime.abort();
        throw error;
      }),
    );
    try {
      const ended = await Promise.allSettled(work);
      if (signal.aborted) throw new CancelledError('the call was cancelled');
      const failed = ended.find(({ status, ...rest }) => status === 'rejected' && !isCancel(rest));
      if (failed !== undefined && !inTime.expired)
        throw toFailure((failed as PromiseRejectedResult).reason, this.#finished);
      this.#isTimeOver = inTime.expired;
    } finally {
      inTime.release();
    }
  }

  get #finished(): string {
    return `${this.#tally.finished} of ${this.#task.cases.length}`;
  }

  async #unit(number: number, repeat: number, signal: AbortSignal): Promise<void> {
    if (this.#done.has(`${number} ${repeat}`) || this.#isSettled) return;
    const { runner, startedAt } = this.#context;
    const begin = (): boolean => !this.#isSettled && !signal.aborted;
    const options = { signal, startedAt, stillWanted: begin };
    const runs = await runner.inTurn('tune_budget', options, async (turn) => {
      const found = await this.#runsOf(number, turn, signal);
      if (found !== undefined) turn.spend(spentBy(found));
      return found;
    });
    if (runs === undefined) return;
    this.#context.store?.addCase(this.#tuningId, { number, repeat, data: runs });
    this.#take(number, repeat, runs);
    this.#look();
  }

  /** undefined: the case does not fit the server's window. */
  async #runsOf(number: number, turn: Turn, signal: AbortSignal): Promise<BudgetRuns | undefined> {
    const progress = ({ phase, thinkingTokens: own }: Progress): void => {
      const thinkingTokens = this.#thought + own;
      this.#context.progress({ phase, thinkingTokens, answerTokens: 0, message: `${this.#finished} cases` });
    };
    try {
      // only a profile can use a threshold
      const thresholds = this.#task.saveAs === undefined ? [] : THRESHOLDS;
      const options = { ...turn, runId: this.#tuningId, signal, thresholds, progress };
      return await runBudgets(this.#questionOf(number), this.#tally.wanted, options);
    } catch (error) {
      if (!(error instanceof ContextOverflowError)) throw error;
      this.#tooLong.push(number);
      return undefined;
    }
  }

  #questionOf(number: number): Question {
    const { cases, systemPrompt } = this.#task;
    const { question, context } = cases[number] as Case;
    return {
      tool: 'tune_budget',
      system: systemParts('You are a careful reasoner.', systemPrompt),
      user: questionParts(question, context),
      thinkingBudget: { tokens: 0, given: false },
      answerTokens: { tokens: ANSWER_TOKENS, given: false },
    };
  }

  #take(number: number, repeat: number, data: BudgetRuns): void {
    const isRight = this.#task.matchers[number] as Matcher;
    const judge = <Run extends BudgetRun>(run: Run): Run & Judged => ({
      ...run,
      isRight: run.answer !== '' && isRight(run.answer),
    });
    const judged = data.runs.map(judge);
    this.#done.add(`${number} ${repeat}`);
    this.#tally.add(number, judged, data.stops.map(judge));
    this.#model ??= data.model;
    this.#apart += data.isTraced ? 0 : 1;
    this.#generated += data.generatedTokens;
    this.#naive += data.isTraced ? sum(judged, ({ receivedTokens }) => receivedTokens) : data.generatedTokens;
    this.#thought += judged.at(-1)?.thinkingTokens ?? 0;
  }

  /** Looks at the first cases without a gap: those that finish early are the short ones. */
  #look(): void {
    const { tolerancePoints, cases } = this.#task;
    const finished = this.#tally.finishedInARow;
    while (this.#looked + this.#casesPerLook <= finished && this.#looked + this.#casesPerLook < cases.length) {
      this.#looked += this.#casesPerLook;
      const { dropped, isSettled } = lookAt(this.#tally.reference(this.#looked), this.#tally.tried(this.#looked), {
        tolerance: tolerancePoints / 100,
        cases: cases.length,
        casesPerLook: this.#casesPerLook,
      });
      for (const budget of dropped) this.#tally.drop(budget, this.#looked);
      this.#isSettled ||= isSettled;
    }
  }

  finish(): TuneResult {
    const { tolerancePoints, repeats, cases } = this.#task;
    const budgets = this.#tally.figures();
    const verdict = recommend(this.#tally.reference(), this.#tally.tried(), tolerancePoints / 100);
    const chosen = verdict.kind === 'budget' ? budgets.find(({ budget }) => budget === verdict.budget) : undefined;
    const recommended =
      verdict.kind === 'budget' && chosen !== undefined
        ? { budget: verdict.budget, loss_points: Number(verdict.lossPoints.toFixed(2)), saving: chosen.saving }
        : null;
    const isOver = !this.#isTimeOver || this.#tally.finished === cases.length;
    const result: TuneResult = {
      tuning_id: this.#tuningId,
      model: this.#model ?? '',
      cases: this.#tally.finished,
      repeats,
      budgets,
      recommended,
      ...(verdict.kind === 'too-few-cases' && { cases_needed: verdict.casesNeeded }),
      tokens: { generated: this.#generated, naive: this.#naive },
      ...(recommended !== null && this.#task.saveAs !== undefined && { saved_as: this.#task.saveAs }),
      warnings: [
        ...(this.#task.warnings ?? []),
        ...sweepWarnings({
          cases: cases.length,
          finished: this.#tally.finished,
          tolerancePoints,
          saveAs: this.#task.saveAs,
          verdict,
          results: this.#done.size,
          apart: this.#apart,
          isTimeOver: this.#isTimeOver,
          isSettled: this.#isSettled,
          resumed: this.#resumed,
          tooLong: this.#tooLong,
          dropped: this.#tally.dropped,
        }),
      ],
    };
    if (isOver) this.#context.store?.finish(this.#tuningId, result);
    this.#save(result);
    return result;
  }

  #save({ recommended, budgets, saved_as: name, model, cases, tuning_id: tuningId }: TuneResult): void {
    const chosen = budgets.find(({ budget }) => budget === recommended?.budget);
    if (name === undefined || recommended === null || chosen === undefined) return;
    const earlyStop = calibrate({
      stopped: (threshold) => this.#tally.stoppedOf(recommended.budget, threshold),
      limited: this.#tally.runsOf(recommended.budget),
      unlimited: this.#tally.runsOf(null),
      tolerance: this.#task.tolerancePoints / 100,
    });
    this.#context.profiles.put({
      name,
      budget: recommended.budget,
      model,
      thinking_tokens: chosen.thinking_tokens,
      answer_tokens: this.#tally.answerTokens(recommended.budget),
      accuracy: chosen.accuracy,
      unlimited_accuracy: budgets.at(-1)?.accuracy ?? 0,
      saving: chosen.saving,
      ...(earlyStop !== undefined && { early_stop: earlyStop }),
      cases,
      tuning_id: tuningId,
      made_at: new Date().toISOString(),
    });
  }
}

function spentBy({ runs, promptTokens, generatedTokens }: BudgetRuns): Parameters<Turn['spend']>[0] {
  const thinkingTokens = runs.at(-1)?.thinkingTokens ?? 0;
  return { promptTokens, thinkingTokens, answerTokens: Math.max(0, generatedTokens - thinkingTokens) };
}

function isCancel(rest: object): boolean {
  return 'reason' in rest && (rest.reason instanceof CancelledError || isAbort(rest.reason));
}

function isAbort(reason: unknown): boolean {
  return reason instanceof Error && reason.name === 'AbortError';
}

function toFailure(error: unknown, finished: string): unknown {
  if (!(error instanceof ThinkmeterError) || error instanceof EngineTimeoutError) return error;
  const kept = `${finished} cases are finished and kept: the same call goes on from there`;
  error.hint = error.hint === undefined ? kept : `${error.hint}; ${kept}`;
  return error;
}
