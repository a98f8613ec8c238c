/** The only way from tools to the engine: queues questions under one limit, runs them, records and logs the results. */
import { BULK, callersTime, SINGLE, Turns, type CallTime } from './admission/turns.ts';
import type { ForcedMechanism } from './budget/mechanism.ts';
import type { Closing, TimeLimit } from './budget/deadline.ts';
import type { Outcome } from './budget/outcome.ts';
import type { Progress } from './budget/values.ts';
import type { Clock } from './clock.ts';
import type { Engine, Facts } from './engine/engine.ts';
import {
  CancelledError,
  EngineTimeoutError,
  InvalidInputError,
  InvariantError,
  ThinkmeterError,
  toSentence,
} from './errors.ts';
import type { EvidenceOfServers } from './evidence/evidence.ts';
import type { Log } from './log.ts';
import type { Earlier, Question } from './prompt/question.ts';
import type { BatchResult } from './report/batch.ts';
import { toRunResult } from './report/result.ts';
import type { Received } from './run/received.ts';
import { run } from './run/run.ts';
import type { Observe } from './stream/requests.ts';
import type { About, Continuable, RunRecord, Runs } from './runs.ts';
import { ServerSpeeds, type SpeedStore } from './server-speeds.ts';
import { RunCost } from './spending/run-cost.ts';
import { BusyTime } from './spending/busy-time.ts';
import type { Spending } from './spending/spending.ts';
import { examine, type Examination } from './status/examine.ts';
import type { Finding } from './status/findings.ts';
import { collectStatus, type Status } from './status/status.ts';

export type CallOptions = {
  readonly signal: AbortSignal;
  readonly startedAt: number;
  readonly progress?: (progress: Progress) => void;
};

/** Options of one item of a batch, which waits behind single questions. */
export type BulkOptions = CallOptions & {
  /** called when the item leaves the queue; if false, the item is not run */
  readonly stillWanted: () => boolean;
};

/** What a task in a turn of the queue may use. */
export type Turn = {
  readonly engine: Engine;
  readonly clock: Clock;
  /** call it for each generation */
  readonly observe: Observe;
  /** call it once, at the end */
  readonly spend: RunCost['ofTask'];
};

export type Runner = {
  readonly clock: Clock;
  run(question: Question, options: CallOptions): Promise<Outcome>;
  /** What will answer. Rejects if no question can be answered at all: no server, a wrong key, no model. */
  ready(maxSeconds: number | undefined, options: CallOptions): Promise<Facts>;
  /** An earlier run, to be continued. @throws {InvalidInputError} if there is none */
  earlier(runId: string): Promise<Continuable>;
  /** Runs one item of a batch; undefined if its time ended in the queue. */
  runInBulk(question: Question, options: BulkOptions): Promise<Outcome | undefined>;
  /** Takes one turn of the queue, behind single questions, for a task that makes several runs of its own. */
  inTurn<T>(tool: string, options: BulkOptions, task: (turn: Turn) => Promise<T>): Promise<T | undefined>;
  /** The server's status for an operator, without generating. */
  status(signal: AbortSignal): Promise<Status>;
  /** The status, and the results of test calls that generate. */
  examine(signal: AbortSignal): Promise<Examination>;
  /** Every run must end within this time: its thinking ends early enough for an answer, and waiting items do not begin. */
  close(ms: number, why: TimeLimit): void;
  /** Keeps a batch as one record, with the reasoning of its items, and returns the id of the record. */
  keep(batch: BatchResult, reasoning: readonly string[], about: About): string;
};

type Parts = {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly evidence: EvidenceOfServers;
  /** the operator's choice */
  readonly mechanism: ForcedMechanism | undefined;
  /** the maximum number of runs at the same time; a server that computes fewer gets fewer */
  readonly concurrency: number;
  readonly runs: Runs;
  readonly spending: Spending;
  /** where the speeds of servers outlive the process */
  readonly speeds?: SpeedStore;
  readonly log: Log;
  /** what is wrong or risky in the settings, for the status */
  readonly settings?: readonly Finding[];
  /** what became wrong while the program ran, for the status */
  readonly troubles?: () => readonly Finding[];
};

export function createRunner({
  engine,
  clock,
  evidence,
  mechanism,
  concurrency,
  runs,
  spending,
  speeds,
  log,
  settings,
  troubles,
}: Parts): Runner {
  const turns = new Turns(concurrency, clock);
  const busy = new BusyTime();
  const serverSpeeds = new ServerSpeeds({ store: speeds, evidence, turns, clock });
  const statusParts = {
    engine,
    evidence,
    spending,
    clock,
    ...(settings && { settings }),
    ...(troubles && { troubles }),
  };
  /** finished runs that are still recording evidence */
  const learning = new Set<Promise<void>>();
  let closing: Closing | undefined;

  const runNow = async (
    question: Question,
    options: CallOptions,
    put: (record: RunRecord, thought: Promise<Earlier | undefined>) => void,
    about?: About,
  ): Promise<Outcome> => {
    const runId = crypto.randomUUID();
    const { tool = '', profileSaving } = question;
    const cost = new RunCost({ spending, busy, clock, tool, profileSaving, startedAt: options.startedAt });
    serverSpeeds.recall();
    const watched = about && {
      watch: (received: Received) => runs.watch(runId, about, received),
      settle: (thought: Earlier | undefined) => runs.settle(runId, thought),
    };
    const begunAt = clock.now();
    try {
      const {
        outcome: free,
        thought,
        learnt,
      } = await run(question, engine, {
        ...options,
        runId,
        clock,
        evidence,
        mechanism,
        observe: (session, promptTokens) => cost.observe(session, turns.observe(session, promptTokens)),
        closing: () => closing,
        turnEnds: (at) => turns.endOf(begunAt, at),
        ...watched,
      });
      const outcome = cost.of(free);
      learning.add(learnt);
      void learnt.finally(() => {
        learning.delete(learnt);
        serverSpeeds.keep();
      });
      put({ ...toRunResult(outcome), reasoning: outcome.reasoning }, thought);
      log.debug({ runId, counts: outcome.counts, endedBy: outcome.thinkingEndedBy }, 'run over');
      return outcome;
    } catch (error) {
      cost.ofFailure(error instanceof ThinkmeterError ? (error.partial?.thinkingTokens ?? 0) : 0);
      const isKept = error instanceof ThinkmeterError && putWhatWasPaid(error, put);
      if (about !== undefined && !isKept) runs.drop(runId);
      throw error;
    }
  };

  const runSingle = async (question: Question, options: CallOptions): Promise<Outcome> => {
    const time = timeOf(question, options);
    const { server } = turns;
    if (server !== undefined)
      turns.refuseWithoutTime(time, () => evidence.of(server).speed.pace(question, clock.now()));
    const about = aboutOf(question);
    const task = (): Promise<Outcome> =>
      runNow(question, options, (record, thought) => runs.keep(record, about, thought), about);
    const outcome = await turns.take(time, SINGLE, task);
    if (outcome === undefined) throw turns.noTurn();
    return outcome;
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
      const inTime = callersTime(timeOf({ maxSeconds }, options), clock);
      const loading = ({ message }: { message: string }): void =>
        options.progress?.({ phase: 'loading', thinkingTokens: 0, answerTokens: 0, message });
      try {
        const { facts } = await engine.open({ signal: inTime.signal, loading });
        turns.know(facts);
        return facts;
      } catch (error) {
        if (options.signal.aborted) throw cancelled(error);
        if (!inTime.expired) throw error;
        throw new EngineTimeoutError('max_seconds passed before the model was ready', {
          hint: 'raise max_seconds',
          cause: error,
        });
      } finally {
        inTime.release();
      }
    },
    async earlier(runId) {
      const found = await runs.continuable(runId);
      if (found === undefined) {
        throw new InvalidInputError(`continue_run names the run ${runId}, which does not exist or was deleted`, {
          hint: 'use a run_id of an earlier result; thinkmeter runs lists those that are kept',
        });
      }
      if (found.parts === undefined) {
        throw new InvalidInputError(`continue_run names ${runId}, which is a batch`, {
          hint: 'name a run of reason or answer_fast',
        });
      }
      return { parts: found.parts, thought: found.thought };
    },
    async runInBulk(question, options) {
      const task = async (): Promise<Outcome | undefined> => {
        if (closing !== undefined || !options.stillWanted()) return undefined;
        const { item, startedAt } = fromNow(question, options.startedAt, clock.now());
        return runNow(item, { ...options, startedAt }, () => undefined);
      };
      try {
        return await turns.take(timeOf(question, options), BULK, task);
      } catch (error) {
        // the batch result shows only a sentence for this item, so the log gets the stack
        if (error instanceof InvariantError) log.error({ err: error }, 'a bug');
        throw error;
      }
    },
    inTurn: (tool, options, task) =>
      turns.take(timeOf({}, options), BULK, async () => {
        if (closing !== undefined || !options.stillWanted()) return undefined;
        const cost = new RunCost({ spending, busy, clock, tool, startedAt: clock.now() });
        return task({
          engine,
          clock,
          observe: (session, promptTokens) => cost.observe(session, turns.observe(session, promptTokens)),
          spend: (use) => cost.ofTask(use),
        });
      }),
    status: (signal) => unlessCancelled(collectStatus(statusParts, { signal, fresh: true }), signal),
    examine: (signal) => unlessCancelled(examined(signal), signal),
    close(ms, why) {
      closing = { at: clock.now() + ms, ...why };
    },
    keep(batch, reasoning, about) {
      const runId = crypto.randomUUID();
      runs.keep({ ...batch, run_id: runId, reasoning }, about);
      return runId;
    },
  };
}

/** The time of an item begins when the item leaves the queue: waiting behind other items must not shorten its thinking. */
function fromNow(
  question: Question,
  startedAt: number,
  now: number,
): { readonly item: Question; readonly startedAt: number } {
  const { maxSeconds } = question;
  if (maxSeconds === undefined) return { item: question, startedAt };
  return { item: { ...question, maxSeconds: maxSeconds - (now - startedAt) / 1000 }, startedAt: now };
}

function aboutOf({ tool = '', system, user }: Question): About {
  return { tool, question: user.map(({ text }) => text).join(''), parts: { system, user } };
}

function timeOf({ maxSeconds }: { readonly maxSeconds?: number | undefined }, options: CallOptions): CallTime {
  const { startedAt, signal } = options;
  return { maxSeconds, startedAt, signal };
}

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

/** Whether there was anything. */
function putWhatWasPaid(
  error: ThinkmeterError,
  put: (record: RunRecord, thought: Promise<Earlier | undefined>) => void,
): boolean {
  if (error.partial === undefined || error.partial.thinkingTokens === 0) return false;
  const { runId, thinkingTokens, reasoning, thought = Promise.resolve(undefined) } = error.partial;
  put(
    { run_id: runId, error: toSentence(error), thinking: { tokens: thinkingTokens }, reasoning },
    thought as Promise<Earlier | undefined>,
  );
  return true;
}
