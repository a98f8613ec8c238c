/** Which budget is enough: runs cases under several budgets, and says what the results show. */
import { createHash, randomUUID } from 'node:crypto';
import {
  CancelledError,
  ContextOverflowError,
  EngineTimeoutError,
  InvalidInputError,
  ThinkmeterError,
} from '../errors.ts';
import { questionParts, systemParts, type Question } from '../prompt/question.ts';
import type { Progress } from '../budget/values.ts';
import type { Runner, Turn } from '../runner.ts';
import { limit } from '../wait.ts';
import { matcher, type Matcher } from './match/matcher.ts';
import { checkName, type Profiles } from './profiles.ts';
import { recommend, type Verdict } from './statistics/recommend.ts';
import { lookAt } from './statistics/sequential.ts';
import { runBudgets, type BudgetRuns } from './sweep/run-budgets.ts';
import { Tally, type Judged } from './tally.ts';
import type { Case, Match, TuneResult } from './values.ts';

export type TuneTask = {
  readonly cases: readonly Case[];
  readonly match: Match;
  /** limited ones */
  readonly budgets: readonly number[];
  readonly repeats: number;
  /** points of accuracy that a budget may lose */
  readonly tolerancePoints: number;
  readonly saveAs?: string | undefined;
  readonly maxSeconds?: number | undefined;
  readonly systemPrompt: string | undefined;
  /** about the input */
  readonly warnings?: readonly string[];
};

/** What one case and repeat gave: kept until the tuning is over, so that it is not paid for twice. */
export type KeptCase = { readonly number: number; readonly repeat: number; readonly data: BudgetRuns };

/** Where tunings outlive the process. */
export type TuningStore = {
  /** an unfinished tuning of the same cases, and what it has */
  unfinished(key: string): Promise<{ readonly tuningId: string; readonly cases: readonly KeptCase[] } | undefined>;
  begin(tuningId: string, key: string): void;
  addCase(tuningId: string, kept: KeptCase): void;
  finish(tuningId: string, result: object): void;
};

export type TuneContext = {
  readonly runner: Runner;
  readonly store: TuningStore | undefined;
  readonly profiles: Profiles;
  readonly signal: AbortSignal;
  /** on the runner's clock */
  readonly startedAt: number;
  readonly progress: (progress: Progress) => void;
};

export const DEFAULT_BUDGETS: readonly number[] = [0, 64, 128, 256, 512, 1024, 2048];

/** Answers to cases are short. */
const ANSWER_TOKENS = 512;

/** Looking at results more often finds no more, and costs certainty. */
const LEAST_PER_LOOK = 10;
const LOOKS = 10;

/** @throws {ThinkmeterError} if the engine fails; what was finished is kept, and the same call goes on from there */
export async function tune(task: TuneTask, context: TuneContext): Promise<TuneResult> {
  const prepared = prepare(task);
  const { runner } = context;
  await runner.ready(task.maxSeconds, context);
  const sweep = new Sweep(prepared, context);
  await sweep.resume();
  await sweep.run();
  return sweep.finish();
}

type Prepared = TuneTask & { readonly matchers: readonly Matcher[]; readonly key: string };

/** All that can be wrong with the input is found before anything is generated. */
function prepare(task: TuneTask): Prepared {
  const { cases, match, repeats, systemPrompt } = task;
  if (cases.length === 0) throw new InvalidInputError('there are no cases', { hint: 'give at least one' });
  if (task.saveAs !== undefined) checkName(task.saveAs);
  const matchers = cases.map(({ expected }, index) => {
    try {
      return matcher(match, expected);
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      throw new InvalidInputError(`case ${index + 1}: ${error.message}`, { ...(error.hint && { hint: error.hint }) });
    }
  });
  const budgets = [...new Set(task.budgets)].toSorted((a, b) => a - b);
  const key = createHash('sha256')
    .update(JSON.stringify([cases, budgets, repeats, systemPrompt ?? '']))
    .digest('hex');
  return { ...task, budgets, matchers, key };
}

class Sweep {
  readonly #task: Prepared;
  readonly #context: TuneContext;
  readonly #tally: Tally;
  readonly #done = new Set<string>();
  readonly #casesPerLook: number;
  #tuningId: string = randomUUID();
  #model: string | undefined;
  #resumed = 0;
  #looked = 0;
  #isSettled = false;
  #isTraced = true;
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

  /** Takes over what an unfinished tuning of the same cases has. */
  async resume(): Promise<void> {
    const { store } = this.#context;
    const found = await store?.unfinished(this.#task.key);
    if (found === undefined) {
      store?.begin(this.#tuningId, this.#task.key);
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
      const options = { ...turn, runId: this.#tuningId, signal, progress };
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
    const judged = data.runs.map((run): Judged => ({ ...run, isRight: run.answer !== '' && isRight(run.answer) }));
    this.#done.add(`${number} ${repeat}`);
    this.#tally.add(number, judged);
    this.#model ??= data.model;
    this.#isTraced &&= data.isTraced;
    this.#generated += data.generatedTokens;
    this.#naive += judged.reduce((sum, { receivedTokens }) => sum + receivedTokens, 0);
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
      tokens: { generated: this.#generated, naive: this.#isTraced ? this.#naive : this.#generated },
      ...(recommended !== null && this.#task.saveAs !== undefined && { saved_as: this.#task.saveAs }),
      warnings: [...(this.#task.warnings ?? []), ...this.#warnings(verdict)],
    };
    if (isOver) this.#context.store?.finish(this.#tuningId, result);
    this.#save(result);
    return result;
  }

  #save({ recommended, budgets, saved_as: name, model, cases, tuning_id: tuningId }: TuneResult): void {
    const chosen = budgets.find(({ budget }) => budget === recommended?.budget);
    if (name === undefined || recommended === null || chosen === undefined) return;
    this.#context.profiles.put({
      name,
      budget: recommended.budget,
      model,
      thinking_tokens: chosen.thinking_tokens,
      answer_tokens: this.#tally.answerTokens(recommended.budget),
      accuracy: chosen.accuracy,
      unlimited_accuracy: budgets.at(-1)?.accuracy ?? 0,
      saving: chosen.saving,
      cases,
      tuning_id: tuningId,
      made_at: new Date().toISOString(),
    });
  }

  #warnings(verdict: Verdict): string[] {
    const { cases, saveAs, tolerancePoints } = this.#task;
    const dropped = [...this.#tally.dropped].map(([budget, after]) => `${budget} after ${after}`);
    return [
      ...(this.#isTraced
        ? []
        : ['this server cannot continue a thought exactly, so each budget was run by itself: that takes more tokens']),
      ...(this.#resumed > 0
        ? [`${this.#resumed} results come from an earlier tuning of the same cases that was not finished`]
        : []),
      ...(this.#tooLong.length > 0
        ? [
            `${this.#tooLong.length} cases are too long for the server's window and were left out: ${listed(this.#tooLong)}`,
          ]
        : []),
      ...(this.#isTimeOver
        ? [`max_seconds passed after ${this.#finished} cases; call again with the same cases to go on from there`]
        : []),
      ...(dropped.length > 0
        ? [`budgets that are certainly worse were dropped (error rate 1 %): ${dropped.join(' cases, ')} cases`]
        : []),
      ...(this.#isSettled && this.#tally.finished < cases.length
        ? [`stopped after ${this.#finished} cases: the others could not have changed the recommendation`]
        : []),
      ...(verdict.kind === 'none' && this.#tally.finished > 0
        ? [
            verdict.certain
              ? `every budget loses more than ${tolerancePoints} points`
              : `every budget seems to lose more than ${tolerancePoints} points`,
          ]
        : []),
      ...(saveAs !== undefined && verdict.kind !== 'budget'
        ? [`nothing was saved as ${saveAs}, because no budget is recommended`]
        : []),
    ];
  }
}

function spentBy({ runs, promptTokens, generatedTokens }: BudgetRuns): Parameters<Turn['spend']>[0] {
  const thinkingTokens = runs.at(-1)?.thinkingTokens ?? 0;
  return { promptTokens, thinkingTokens, answerTokens: Math.max(0, generatedTokens - thinkingTokens) };
}

function listed(numbers: readonly number[]): string {
  const shown = numbers.slice(0, 5).map((number) => `case ${number + 1}`);
  return numbers.length > 5 ? `${shown.join(', ')} and ${numbers.length - 5} more` : shown.join(', ');
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
