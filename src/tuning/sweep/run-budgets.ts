/** One question under several budgets, from one trace of thinking. */
import type { Outcome } from '../../budget/outcome.ts';
import type { Progress } from '../../budget/values.ts';
import type { Clock } from '../../clock.ts';
import type { Engine } from '../../engine/engine.ts';
import { EngineProtocolError, NoAnswerError } from '../../errors.ts';
import { EvidenceOfServers } from '../../evidence/evidence.ts';
import type { Question } from '../../prompt/question.ts';
import { run } from '../../run/run.ts';
import type { Observe } from '../../stream/requests.ts';
import { TracedEngine } from './traced-engine.ts';

/** What one budget did with one question. Plain data: it is kept in the state file. */
export type BudgetRun = {
  /** thinking tokens; null: unlimited */
  readonly budget: number | null;
  /** empty: the model gave none */
  readonly answer: string;
  readonly thinkingTokens: number;
  readonly answerTokens: number;
  /** the model closed its thinking itself, or did not think */
  readonly closed: boolean;
  /** as a run of its own would have taken */
  readonly latencyMs: number;
  /** as a run of its own would have received */
  readonly receivedTokens: number;
};

/** `threshold` in nats. */
export type EarlyRun = BudgetRun & { readonly threshold: number };

export type BudgetRuns = {
  readonly model: string;
  readonly runs: readonly BudgetRun[];
  /** thinking that ends early, by rising threshold: without a budget */
  readonly stops: readonly EarlyRun[];
  /** by the server, for all budgets together */
  readonly generatedTokens: number;
  readonly promptTokens: number;
  /** false: each budget was run by itself, because the server cannot continue a thought exactly */
  readonly isTraced: boolean;
};

export type SweepOptions = {
  /** for all runs of the question, so that a router keeps them on the replica that has the prompt in its cache */
  readonly runId: string;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly observe: Observe;
  /** of an early stop, rising, in nats; none: it is not calibrated */
  readonly thresholds?: readonly number[];
  readonly progress?: ((progress: Progress) => void) | undefined;
};

/** More than any window: the plan lowers it to what fits. */
const UNLIMITED = 10_000_000;

const WHOLE = { thinkingBudget: { tokens: UNLIMITED, given: false } } as const;

/** Margins are recorded, and no margin is below it. */
const NEVER = -Infinity;

/** A trace must come from one connection. */
const ATTEMPTS = 3;

/** `budgets`: rising. @throws {ThinkmeterError} other than a model without an answer */
export async function runBudgets(
  question: Question,
  budgets: readonly number[],
  options: SweepOptions,
): Promise<BudgetRuns> {
  const { traced, unlimited } = await trace(question, options);
  if (traced.isExact) traced.play();
  const stops: EarlyRun[] = [];
  for (const threshold of traced.isExact && traced.facts?.margins === true ? (options.thresholds ?? []) : []) {
    const asked = { ...question, ...WHOLE, earlyStop: { threshold } };
    // oxlint-disable-next-line no-await-in-loop -- as below
    stops.push({ threshold, budget: null, ...(await runOnce(asked, traced, options)) });
  }
  const limited: BudgetRun[] = [];
  // from the largest down, and without thinking last: what is computed in a cache of one prompt is then never computed again
  for (const budget of budgets.toReversed()) {
    // oxlint-disable-next-line no-await-in-loop -- one turn in the queue is one request at a time
    limited.unshift(await runBudget(question, budget, { traced, unlimited, options }));
  }
  return {
    model: traced.facts?.model ?? '',
    runs: [...limited, unlimited],
    stops,
    generatedTokens: traced.generatedTokens,
    promptTokens: traced.promptTokens,
    isTraced: traced.isExact,
  };
}

type Traced = { readonly traced: TracedEngine; readonly unlimited: BudgetRun };

async function trace(question: Question, options: SweepOptions): Promise<Traced> {
  for (let attempt = 1; ; attempt += 1) {
    const traced = new TracedEngine(options);
    // oxlint-disable-next-line no-await-in-loop -- an attempt follows a broken one
    const ended = await runOnce({ ...question, ...WHOLE, earlyStop: { threshold: NEVER } }, traced, options);
    if (!traced.isBroken) return { traced, unlimited: { budget: null, ...ended } };
    if (attempt === ATTEMPTS) {
      throw new EngineProtocolError('the connection to the server broke in each of three runs of one case', {
        hint: 'check the server and any proxy in front of it',
      });
    }
  }
}

async function runBudget(
  question: Question,
  budget: number,
  { traced, unlimited, options }: Traced & { readonly options: SweepOptions },
): Promise<BudgetRun> {
  // thinking that closes within the budget is not cut: the run is the one without a budget
  if (budget > 0 && traced.isExact && unlimited.thinkingTokens <= budget) return { ...unlimited, budget };
  const asked = { ...question, thinkingBudget: { tokens: budget, given: true } };
  return { budget, ...(await runOnce(asked, traced, options)) };
}

type Ended = Omit<BudgetRun, 'budget'>;

async function runOnce(question: Question, traced: TracedEngine, options: SweepOptions): Promise<Ended> {
  const { clock, runId, signal, progress } = options;
  const startedAt = clock.now();
  traced.playedMs = 0;
  try {
    const { outcome } = await run(question, traced, {
      runId,
      signal,
      clock,
      startedAt,
      // what is played shows nothing about the server
      evidence: new EvidenceOfServers(),
      mechanism: 'stream',
      ...(progress && { progress }),
    });
    return endOf(outcome, traced.playedMs);
  } catch (error) {
    if (!(error instanceof NoAnswerError)) throw error;
    const thinkingTokens = error.partial?.thinkingTokens ?? 0;
    const latencyMs = clock.now() - startedAt + traced.playedMs;
    return { answer: '', thinkingTokens, answerTokens: 0, closed: false, latencyMs, receivedTokens: thinkingTokens };
  }
}

function endOf({ answer, counts, thinkingEndedBy, timing }: Outcome, playedMs: number): Ended {
  return {
    answer,
    thinkingTokens: counts.thinking,
    answerTokens: counts.answer,
    closed: thinkingEndedBy === 'model' || thinkingEndedBy === 'none',
    latencyMs: timing.totalMs + playedMs,
    receivedTokens: counts.received,
  };
}
