/** Runs questions: in turn under one limit, kept when they are over, logged. The one door between tools and the engine. */
import { randomUUID } from 'node:crypto';
import PQueue from 'p-queue';
import type { Outcome } from './budget/outcome.ts';
import type { ForcedMechanism } from './budget/mechanism.ts';
import type { Progress } from './budget/progress.ts';
import { run } from './run/run.ts';
import type { Trust } from './evidence/trust.ts';
import { timeLimit, type Clock } from './clock.ts';
import type { Engine } from './engine/engine.ts';
import { CancelledError, EngineTimeoutError, InvariantError, ThinkmeterError, toSentence } from './errors.ts';
import type { Log } from './log.ts';
import type { Question } from './prompt/question.ts';
import type { BatchResult } from './report/batch.ts';
import { toRunResult } from './report/result.ts';
import type { Runs } from './runs.ts';
import { examine, type Examination } from './status/examine.ts';
import { collectStatus, type Status } from './status/status.ts';

export type CallOptions = {
  readonly signal: AbortSignal;
  readonly startedAt: number;
  readonly progress?: (progress: Progress) => void;
};

/** One of many: single questions go before it. */
export type BulkOptions = CallOptions & {
  /** asked when its turn comes; false leaves the question unasked */
  readonly stillWanted: () => boolean;
};

export type Runner = {
  readonly clock: Clock;
  run(question: Question, options: CallOptions): Promise<Outcome>;
  /** Fails where no question could be asked at all: no server, a wrong key, no model. */
  ready(maxSeconds: number | undefined, options: CallOptions): Promise<void>;
  /** undefined when its turn came too late */
  runInBulk(question: Question, options: BulkOptions): Promise<Outcome | undefined>;
  /** What an operator wants to know, without generating. */
  status(signal: AbortSignal): Promise<Status>;
  /** The same, after what only generating can tell was tried. */
  examine(signal: AbortSignal): Promise<Examination>;
  /** Keeps a batch as a run of its own; its id. */
  keep(batch: BatchResult): string;
};

type Parts = {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly trust: Trust;
  /** the operator's choice */
  readonly mechanism: ForcedMechanism | undefined;
  /** runs at a time */
  readonly concurrency: number;
  readonly runs: Runs;
  readonly log: Log;
};

export function createRunner({ engine, clock, trust, mechanism, concurrency, runs, log }: Parts): Runner {
  const queue = new PQueue({ concurrency });
  const statusParts = { engine, trust, runs, clock };

  const runNow = async (question: Question, options: CallOptions): Promise<Outcome> => {
    const runId = randomUUID();
    try {
      const outcome = await run(question, engine, { ...options, runId, clock, trust, mechanism });
      runs.keep({ ...toRunResult(outcome), reasoning: outcome.reasoning });
      log.debug({ runId, counts: outcome.counts, endedBy: outcome.thinkingEndedBy }, 'run over');
      return outcome;
    } catch (error) {
      keepWhatWasPaid(runs, error);
      if (error instanceof ThinkmeterError) throw error;
      throw new InvariantError(`something went wrong inside thinkmeter (run ${runId})`, { cause: error });
    }
  };

  const callersTime = (maxSeconds: number | undefined, startedAt: number): ReturnType<typeof timeLimit> =>
    timeLimit(clock, maxSeconds === undefined ? Infinity : startedAt + maxSeconds * 1000 - clock.now());

  /** Waits for a turn, but not beyond the caller's time: then `undefined`. */
  const inTurn = async <T>(
    { maxSeconds }: Question,
    { signal, startedAt }: CallOptions,
    priority: number,
    task: () => Promise<T>,
  ): Promise<T | undefined> => {
    const { late, silence } = callersTime(maxSeconds, startedAt);
    const begin = (): Promise<T> => {
      silence();
      return task();
    };
    try {
      return await queue.add(begin, { signal: AbortSignal.any([signal, late]), priority });
    } catch (error) {
      if (signal.aborted) throw cancelled(error);
      if (late.aborted) return undefined;
      throw error;
    } finally {
      silence();
    }
  };

  return {
    clock,
    async run(question, options) {
      const outcome = await inTurn(question, options, SINGLE, () => runNow(question, options));
      if (outcome !== undefined) return outcome;
      throw new EngineTimeoutError(`the time was over while ${queue.pending} other calls were being answered`, {
        hint: 'raise max_seconds or THINKMETER_CONCURRENCY',
      });
    },
    async ready(maxSeconds, { signal, startedAt, progress }) {
      const { late, silence } = callersTime(maxSeconds, startedAt);
      const loading = ({ message }: { message: string }): void =>
        progress?.({ phase: 'loading', thinkingTokens: 0, answerTokens: 0, message });
      try {
        await engine.describe({ signal: AbortSignal.any([signal, late]), loading });
      } catch (error) {
        if (signal.aborted) throw cancelled(error);
        if (!late.aborted) throw error;
        throw new EngineTimeoutError('the time was over before the model was there', {
          hint: 'raise max_seconds',
          cause: error,
        });
      } finally {
        silence();
      }
    },
    async runInBulk(question, options) {
      const ask = async (): Promise<Outcome | undefined> =>
        options.stillWanted() ? runNow(question, options) : undefined;
      return inTurn(question, options, BULK, ask);
    },
    status: (signal) => unlessCancelled(collectStatus(statusParts, { signal }), signal),
    examine: (signal) => unlessCancelled(examine(statusParts, { signal }), signal),
    keep(batch) {
      const runId = randomUUID();
      runs.keep({ ...batch, run_id: runId });
      return runId;
    },
  };
}

/** A single question does not wait behind a thousand items. */
const [SINGLE, BULK] = [1, 0];

async function unlessCancelled<T>(task: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await task;
  } catch (error) {
    throw signal.aborted ? cancelled(error) : error;
  }
}

function cancelled(cause: unknown): CancelledError {
  return new CancelledError('the call was cancelled', { cause });
}

function keepWhatWasPaid(runs: Runs, error: unknown): void {
  if (!(error instanceof ThinkmeterError) || error.partial === undefined) return;
  const { runId, thinkingTokens, reasoning } = error.partial;
  if (thinkingTokens > 0)
    runs.keep({ run_id: runId, error: toSentence(error), thinking: { tokens: thinkingTokens }, reasoning });
}
