/**
 * One budgeted run: render, plan, think, cut, answer. One request where thinking closes by itself, two where it is
 * cut, and one more where a connection broke. What follows a cut begins with the very token ids received.
 */
import { timeLimit } from '../clock.ts';
import type { Engine } from '../engine/engine.ts';
import { CancelledError, EngineTimeoutError, ThinkmeterError } from '../errors.ts';
import type { Question } from '../prompt/question.ts';
import { begin } from './begin.ts';
import type { Context, RunOptions } from './context.ts';
import { deadline as toDeadline } from '../budget/deadline.ts';
import { learnFromOutcome, learnFromStreams } from '../evidence/learn.ts';
import { toOutcome, type Outcome } from '../budget/outcome.ts';
import { Requests } from '../stream/requests.ts';
import type { Thought } from '../budget/think.ts';
import { finishSeeing } from './unseen.ts';

/** @throws {ThinkmeterError} with `partial` set: what had been received, and paid for */
export async function run(question: Question, engine: Engine, options: RunOptions): Promise<Outcome> {
  const { runId, clock, startedAt, signal } = options;
  const deadline = toDeadline(startedAt, question.maxSeconds);
  const { late, silence } = timeLimit(clock, deadline.at - clock.now());
  const inTime = AbortSignal.any([signal, late]);
  const requests = new Requests(engine, { signal, inTime, clock });
  const context: Context = { ...options, question, engine, deadline, inTime, requests };
  let thought: Thought | undefined;
  try {
    const begun = await begin(context);
    thought = begun.thought;
    const finished = await finishSeeing(context, begun);
    thought = finished.thought;
    signal.throwIfAborted();
    const { ready } = begun;
    const now = clock.now();
    const learnt = await learnFromStreams(context, { ...begun, thought });
    const outcome = toOutcome({
      ...ready,
      ...finished,
      runId,
      startedAt,
      now,
      requests: requests.all,
      warnings: [...(question.warnings ?? []), ...ready.warnings, ...finished.warnings, ...learnt],
    });
    learnFromOutcome(context, begun, outcome);
    return outcome;
  } catch (error) {
    if (signal.aborted) throw new CancelledError('the call was cancelled', { cause: error });
    const fault = late.aborted && !(error instanceof ThinkmeterError) ? tooLate(error) : error;
    if (fault instanceof ThinkmeterError) fault.partial ??= toPartial(runId, thought, requests);
    throw fault;
  } finally {
    silence();
    requests.stop();
  }
}

function tooLate(cause: unknown): EngineTimeoutError {
  return new EngineTimeoutError('the time was over before the answer could be asked for', {
    hint: 'raise max_seconds',
    cause,
  });
}

function toPartial(
  runId: string,
  thought: Thought | undefined,
  { all }: Requests,
): NonNullable<ThinkmeterError['partial']> {
  const trail = all[0]?.reading.trail;
  return {
    runId,
    thinkingTokens: thought?.tokens ?? trail?.tokens ?? 0,
    reasoning: thought?.text ?? trail?.since(0) ?? '',
  };
}
