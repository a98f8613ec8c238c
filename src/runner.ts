/** Runs questions: in turn under one limit, kept when they are over, logged. The one door between tools and the engine. */
import { randomUUID } from 'node:crypto';
import PQueue from 'p-queue';
import type { ForcedMechanism } from './budget/mechanism.ts';
import type { Outcome } from './budget/outcome.ts';
import type { Progress } from './budget/story.ts';
import type { Clock } from './clock.ts';
import type { Engine } from './engine/engine.ts';
import { CancelledError, EngineTimeoutError, InvariantError, ThinkmeterError, toSentence } from './errors.ts';
import type { EvidenceOfServers } from './evidence/evidence.ts';
import type { Log } from './log.ts';
import type { Question } from './prompt/question.ts';
import type { BatchResult } from './report/batch.ts';
import { toRunResult } from './report/result.ts';
import { run } from './run/run.ts';
import type { RunRecord, Runs } from './runs.ts';
import { examine, type Examination } from './status/examine.ts';
import { collectStatus, type Status } from './status/status.ts';
import { limit, type Limit } from './wait.ts';

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
  /** Keeps a batch as a run of its own, with the reasoning of its items; its id. */
  keep(batch: BatchResult, reasoning: readonly string[]): string;
};

type Parts = {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly evidence: EvidenceOfServers;
  /** the operator's choice */
  readonly mechanism: ForcedMechanism | undefined;
  /** runs at a time */
  readonly concurrency: number;
  readonly runs: Runs;
  readonly log: Log;
};

export function createRunner({ engine, clock, evidence, mechanism, concurrency, runs, log }: Parts): Runner {
  const queue = new PQueue({ concurrency });
  const statusParts = { engine, evidence, runs, clock };
  /** what runs that are over still put down of their servers */
  const learning = new Set<Promise<void>>();

  const runNow = async (
    question: Question,
    options: CallOptions,
    put: (record: RunRecord) => void,
  ): Promise<Outcome> => {
    const runId = randomUUID();
    try {
      const { outcome, learnt } = await run(question, engine, { ...options, runId, clock, evidence, mechanism });
      learning.add(learnt);
      void learnt.finally(() => learning.delete(learnt));
      put({ ...toRunResult(outcome), reasoning: outcome.reasoning });
      log.debug({ runId, counts: outcome.counts, endedBy: outcome.thinkingEndedBy }, 'run over');
      return outcome;
    } catch (error) {
      if (error instanceof ThinkmeterError) putWhatWasPaid(error, put);
      throw error;
    }
  };

  const callersTime = (maxSeconds: number | undefined, { signal, startedAt }: CallOptions): Limit =>
    limit(signal, maxSeconds === undefined ? Infinity : startedAt + maxSeconds * 1000 - clock.now(), clock);

  /** Waits for a turn, but not beyond the caller's time: then `undefined`. */
  const inTurn = async <T>(
    { maxSeconds }: Question,
    options: CallOptions,
    priority: number,
    task: () => Promise<T>,
  ): Promise<T | undefined> => {
    const turn = callersTime(maxSeconds, options);
    // a run that has begun keeps its turn until it is over, and has limits of its own
    const begin = (): Promise<T> => {
      turn.release();
      return task();
    };
    try {
      return await queue.add(begin, { signal: turn.signal, priority });
    } catch (error) {
      // a run that was cancelled carries what it had received
      if (error instanceof CancelledError) throw error;
      if (options.signal.aborted) throw cancelled(error);
      if (turn.expired) return undefined;
      throw error;
    } finally {
      turn.release();
    }
  };

  const runSingle = async (question: Question, options: CallOptions): Promise<Outcome> => {
    const task = (): Promise<Outcome> => runNow(question, options, (record) => runs.keep(record));
    const outcome = await inTurn(question, options, SINGLE, task);
    if (outcome !== undefined) return outcome;
    throw new EngineTimeoutError(`the time was over while ${queue.pending} other calls were being answered`, {
      hint: 'raise max_seconds or THINKMETER_CONCURRENCY',
    });
  };

  const examined = async (signal: AbortSignal): Promise<Examination> =>
    examine({
      ...statusParts,
      signal,
      call: async (question) => {
        const outcome = await runSingle(question, { signal, startedAt: clock.now() });
        await Promise.all(learning);
        return outcome;
      },
    });

  return {
    clock,
    run: runSingle,
    async ready(maxSeconds, options) {
      const inTime = callersTime(maxSeconds, options);
      const loading = ({ message }: { message: string }): void =>
        options.progress?.({ phase: 'loading', thinkingTokens: 0, answerTokens: 0, message });
      try {
        await engine.open({ signal: inTime.signal, loading });
      } catch (error) {
        if (options.signal.aborted) throw cancelled(error);
        if (!inTime.expired) throw error;
        throw new EngineTimeoutError('the time was over before the model was ready', {
          hint: 'raise max_seconds',
          cause: error,
        });
      } finally {
        inTime.release();
      }
    },
    async runInBulk(question, options) {
      const ask = async (): Promise<Outcome | undefined> =>
        options.stillWanted() ? runNow(question, options, (record) => runs.count(record)) : undefined;
      try {
        return await inTurn(question, options, BULK, ask);
      } catch (error) {
        // a batch turns it into a sentence of one item, where nobody sees where it came from
        if (error instanceof InvariantError) log.error({ err: error }, 'a bug');
        throw error;
      }
    },
    status: (signal) => unlessCancelled(collectStatus(statusParts, { signal, fresh: true }), signal),
    examine: (signal) => unlessCancelled(examined(signal), signal),
    keep(batch, reasoning) {
      const runId = randomUUID();
      runs.keep({ ...batch, run_id: runId, reasoning });
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

function putWhatWasPaid(error: ThinkmeterError, put: (record: RunRecord) => void): void {
  if (error.partial === undefined || error.partial.thinkingTokens === 0) return;
  const { runId, thinkingTokens, reasoning } = error.partial;
  put({ run_id: runId, error: toSentence(error), thinking: { tokens: thinkingTokens }, reasoning });
}
