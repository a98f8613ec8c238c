/**
 * One budgeted run: render, plan, think, cut, answer. The run needs one request if the model closes its thinking, two
 * if the thinking is cut, and one more if a connection breaks. After a cut, the second request begins with the same
 * token ids that were received.
 */
import { Deadline } from '../budget/deadline.ts';
import { toOutcome, type Outcome } from '../budget/outcome.ts';
import type { Ready, Thought } from '../budget/values.ts';
import { EndpointGoneError, type Engine } from '../engine/engine.ts';
import {
  CancelledError,
  EngineTimeoutError,
  EngineUnsupportedError,
  InvariantError,
  ThinkmeterError,
} from '../errors.ts';
import { learn, learnFromLate, streamWarnings } from '../evidence/learn.ts';
import { proveNative } from '../evidence/native-proof.ts';
import type { Earlier, Question } from '../prompt/question.ts';
import { Requests, type Request } from '../stream/requests.ts';
import { limit } from '../wait.ts';
import { begin } from './begin.ts';
import { aboutRequests, type Begun, type Context, type RunOptions } from './context.ts';
import { received } from './received.ts';
import { droppedPromptWarnings } from './dropped-prompt.ts';
import { finishAndSplit } from './hidden-thinking.ts';
import { thoughtSoFar, type Stage } from './thought-so-far.ts';

export type Run = {
  readonly outcome: Outcome;
  /** what a later run can continue. Never rejects. */
  readonly thought: Promise<Earlier | undefined>;
  /** resolves when the evidence of the run is recorded; the answer does not wait for it. Never rejects. */
  readonly learnt: Promise<void>;
};

/** @throws {ThinkmeterError} with `partial` set: the tokens received, and paid for, before the error */
export async function run(question: Question, engine: Engine, options: RunOptions): Promise<Run> {
  const { runId, clock, startedAt, signal } = options;
  const { at } = new Deadline({ startedAt, maxSeconds: question.maxSeconds });
  const inTime = limit(signal, at - clock.now(), clock);
  const requests = new Requests({ signal, inTime: inTime.signal, clock, observe: options.observe });
  let stage: Stage | undefined;
  const onFirst = (ready: Ready, first: Request): void => {
    stage = { facts: ready.facts, prompt: ready.prompt, first, earlier: question.earlier };
    options.watch?.(received(stage));
  };
  const context: Context = { ...options, question, engine, inTime: inTime.signal, requests, onFirst };
  let begun: Begun | undefined;
  let thought: Thought | undefined;
  try {
    begun = await begin(context);
    thought = begun.thought;
    if (options.settle !== undefined) void kept(stage, thought).then(options.settle);
    const finished = await finishAndSplit(context, begun);
    thought = finished.thought;
    signal.throwIfAborted();
    const { ready, first } = begun;
    const outcome = toOutcome({
      ...ready,
      ...finished,
      first,
      earlier: question.earlier,
      runId,
      startedAt,
      deadline: begun.deadline,
      now: clock.now(),
      requests: requests.all,
      warnings: [
        ...(question.warnings ?? []),
        ...ready.warnings,
        ...finished.warnings,
        ...streamWarnings(ready, requests.all),
        ...droppedPromptWarnings(ready.facts, requests.all),
      ],
    });
    return {
      outcome,
      thought: kept(stage, thought),
      learnt: learnt(context, { ...begun, thought }, outcome),
    };
  } catch (error) {
    begun?.activity.end();
    if (begun !== undefined && clock.now() >= begun.deadline.at) learnFromLate({ ...begun, ...aboutRequests(context) });
    const failure = toFailure(error, { runId, isCancelled: signal.aborted, isLate: inTime.expired });
    failure.partial ??= { ...toPartial(runId, thought, requests), thought: kept(stage, thought) };
    throw failure;
  } finally {
    inTime.release();
    requests.stop();
  }
}

/** Does not delay the answer: finding the last token may need a request. Never rejects. */
async function kept(stage: Stage | undefined, thought: Thought | undefined): Promise<Earlier | undefined> {
  if (stage === undefined) return undefined;
  return thoughtSoFar({ ...stage, thought }).catch(() => undefined);
}

/** The self-test runs last: earlier, it could delay the run's own second request. */
async function learnt(context: Context, begun: Begun, outcome: Outcome): Promise<void> {
  const { activity, session, evidence, ready } = begun;
  activity.stopGenerating();
  try {
    await learn({ ...begun, ...aboutRequests(context), outcome, isAlone: () => activity.alone });
  } finally {
    activity.end();
  }
  if (ready.prove === undefined) return;
  await evidence.prove(
    () => proveNative(session, context.clock),
    () => context.clock.now(),
  );
}

type Circumstances = { readonly runId: string; readonly isCancelled: boolean; readonly isLate: boolean };

function toFailure(error: unknown, { runId, isCancelled, isLate }: Circumstances): ThinkmeterError {
  if (isCancelled) return new CancelledError('the call was cancelled', { cause: error });
  if (error instanceof ThinkmeterError) return error;
  if (isLate) {
    return new EngineTimeoutError('max_seconds passed before the answer could be requested', {
      hint: 'raise max_seconds',
      cause: error,
    });
  }
  if (error instanceof EndpointGoneError) {
    return new EngineUnsupportedError(error.message, {
      hint: 'check the server and any gateway in front of it: its endpoints appear and disappear',
      cause: error,
    });
  }
  return new InvariantError(`an unexpected error occurred inside thinkmeter (run ${runId})`, { cause: error });
}

function toPartial(
  runId: string,
  thought: Thought | undefined,
  { all }: Requests,
): Omit<NonNullable<ThinkmeterError['partial']>, 'thought'> {
  const trail = all[0]?.reading.trail;
  return {
    runId,
    thinkingTokens: thought?.tokens ?? trail?.tokens ?? 0,
    reasoning: thought?.text ?? trail?.since(0) ?? '',
  };
}
