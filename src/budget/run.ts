/**
 * One budgeted run: render, plan, think, cut, answer. One request where thinking closes by itself, two where it is
 * cut, and one more where a connection broke. What follows a cut begins with the very token ids received.
 */
import type { Clock } from '../clock.ts';
import { ConnectionLostError, type Engine, type Facts, type Prompt } from '../engine/engine.ts';
import { CancelledError, EngineProtocolError, EngineTimeoutError, NoAnswerError, ThinkmeterError } from '../errors.ts';
import type { Question } from '../prompt/question.ts';
import { readAnswer, type AnswerPart } from './answer.ts';
import { deadline as toDeadline, type Deadline } from './deadline.ts';
import { toOutcome, type Outcome } from './outcome.ts';
import { plan as toPlan, type Plan } from './plan.ts';
import { Requests, type Request } from './requests.ts';
import { think, type Thought } from './think.ts';

export type Progress = {
  readonly phase: 'waiting' | 'loading' | 'thinking' | 'answering';
  readonly thinkingTokens: number;
  readonly answerTokens: number;
  /** what is being loaded, in words */
  readonly message?: string;
};

export type RunOptions = {
  readonly runId: string;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** when the tool was called, on the run's clock: waiting before the run counts */
  readonly startedAt: number;
  readonly progress?: (progress: Progress) => void;
};

/** What the steps of a run share. */
type Context = RunOptions & {
  readonly question: Question;
  readonly engine: Engine;
  readonly deadline: Deadline;
  /** fires with `signal`, and at the deadline: for everything but generating, which ends in its own way */
  readonly inTime: AbortSignal;
  readonly requests: Requests;
};

type Ready = { readonly facts: Facts; readonly prompt: Prompt; readonly plan: Plan };

/** @throws {ThinkmeterError} with `partial` set: what had been received, and paid for */
export async function run(question: Question, engine: Engine, options: RunOptions): Promise<Outcome> {
  const { runId, clock, startedAt, signal } = options;
  const deadline = toDeadline(startedAt, question.maxSeconds);
  const late = new AbortController();
  const silence = deadline.at === Infinity ? undefined : clock.timer(deadline.at - clock.now(), () => late.abort());
  const inTime = AbortSignal.any([signal, late.signal]);
  const requests = new Requests(engine, { signal, inTime, clock });
  const context: Context = { ...options, question, engine, deadline, inTime, requests };
  let thought: Thought | undefined;
  try {
    const ready = await prepare(context);
    const opened = await thinkFirst(context, ready);
    thought = opened.thought;
    const answer = await answerAfter(context, ready, opened);
    signal.throwIfAborted();
    const story = { ...ready, runId, startedAt, now: clock.now(), thought, answer, requests: requests.all };
    return toOutcome({ ...story, warnings: question.warnings ?? [] });
  } catch (error) {
    if (signal.aborted) throw new CancelledError('the call was cancelled', { cause: error });
    const fault = late.signal.aborted && !(error instanceof ThinkmeterError) ? tooLate(error) : error;
    if (fault instanceof ThinkmeterError) fault.partial ??= toPartial(runId, thought, requests);
    throw fault;
  } finally {
    silence?.();
    requests.stop();
  }
}

/** Everything before the first token. */
async function prepare({ question, engine, inTime, progress }: Context): Promise<Ready> {
  const call = {
    signal: inTime,
    loading: ({ message }: { message: string }) =>
      progress?.({ phase: 'loading', thinkingTokens: 0, answerTokens: 0, message }),
  };
  progress?.({ phase: 'waiting', thinkingTokens: 0, answerTokens: 0 });
  inTime.throwIfAborted();
  const facts = await engine.describe(call);
  const prompt = await engine.render(question, question.thinkingBudget.tokens > 0, call);
  return { facts, prompt, plan: toPlan(question, facts, prompt) };
}

/** The first request and what was thought in it. `again` is left while no connection has broken. */
type Opened = { readonly thought: Thought; readonly first: Request; readonly again: boolean };

async function thinkFirst(context: Context, ready: Ready): Promise<Opened> {
  const ask = (): Request => context.requests.ask(ready.prompt.ids, ready.plan.maxTokens, ready.plan.sampling);
  const first = ask();
  try {
    const thought = await thinkIn(context, ready, first);
    // a thought that a lost connection ended goes on in the one continuation there is
    return { thought, first, again: thought.endedBy !== 'server' || first.reading.end?.kind !== 'lost' };
  } catch (error) {
    if (!(error instanceof ConnectionLostError)) throw error;
    // it broke before the model had said whether it thinks: a marker's worth of tokens, so begin anew
    const second = ask();
    const thought = await thinkIn(context, ready, second).catch((again: unknown) => {
      throw again instanceof ConnectionLostError ? brokeTwice(again) : again;
    });
    return { thought, first: second, again: false };
  }
}

function thinkIn({ deadline, progress }: Context, { facts, prompt, plan }: Ready, request: Request): Promise<Thought> {
  return think({
    reading: request.reading,
    plan,
    family: facts.family,
    state: prompt.thinking,
    deadline,
    askedAt: request.askedAt,
    progress: (thinkingTokens) => progress?.({ phase: 'thinking', thinkingTokens, answerTokens: 0 }),
  });
}

type Answer = { readonly parts: readonly AnswerPart[]; readonly closerTokens: number };

/** The answer from the same stream, or, after a cut, from the ids kept and the closer; once more where a stream broke. */
async function answerAfter(context: Context, ready: Ready, { first, thought, again }: Opened): Promise<Answer> {
  const { requests } = context;
  const { sampling, answerTokens } = ready.plan;
  const ask = (ids: readonly number[], tokens: number): Request =>
    requests.ask(ids, Math.min(tokens, ready.facts.window - ids.length), sampling);
  const closer = thought.flowsOn ? [] : closerIds(ready, thought);
  let request = first;
  let from = thought.until;
  if (!thought.flowsOn) {
    first.reading.stop();
    request = ask([...continued(first, thought.until.tokens), ...closer], answerTokens);
    from = { tokens: 0, chars: 0 };
  }
  let mayContinue = again;
  const parts: AnswerPart[] = [];
  for (let done = 0; ;) {
    // oxlint-disable-next-line no-await-in-loop -- a continuation begins where the last stream broke off
    const part = await readPart(context, request, from, { answerTokens, done, thought });
    request.reading.stop();
    parts.push(part);
    done += part.tokens;
    if (!isBroken(part, parts)) return { parts, closerTokens: closer.length };
    if (!mayContinue) throw brokenOff(part, request);
    mayContinue = false;
    request = ask(continued(request, part.until.tokens), answerTokens - done);
    from = { tokens: 0, chars: 0 };
  }
}

type Share = { readonly answerTokens: number; readonly done: number; readonly thought: Thought };

function readPart(
  { deadline, clock, progress }: Context,
  { reading }: Request,
  from: Thought['until'],
  { answerTokens, done, thought }: Share,
): Promise<AnswerPart> {
  return readAnswer({
    reading,
    from,
    answerTokens: answerTokens - done,
    deadline,
    progress: (tokens) =>
      progress?.({ phase: 'answering', thinkingTokens: thought.tokens, answerTokens: done + tokens }),
    now: () => clock.now(),
  });
}

/** The ids of a request and the first that came back for it. */
function continued({ ids, reading }: Request, tokens: number): number[] {
  return [...ids, ...reading.trail.ids.slice(0, tokens)];
}

function closerIds({ facts, prompt }: Ready, thought: Thought): readonly number[] {
  const before = thought.until.chars > 0 ? thought.text : prompt.tail;
  return before.endsWith('\n') ? facts.closerIds.afterLine : facts.closerIds.elsewhere;
}

/** A broken connection, or a server that ended the stream before the answer had a word. */
function isBroken(part: AnswerPart, parts: readonly AnswerPart[]): boolean {
  return part.endedBy === 'lost' || (part.endedBy === 'server' && parts.every(({ text }) => text.trim() === ''));
}

function tooLate(cause: unknown): EngineTimeoutError {
  return new EngineTimeoutError('the time was over before the answer could be asked for', {
    hint: 'raise max_seconds',
    cause,
  });
}

function brokenOff(part: AnswerPart, { reading }: Request): ThinkmeterError {
  if (part.endedBy !== 'lost') {
    return new NoAnswerError('the server ended the stream twice before the answer had a word', {
      hint: "look at the server's own limits",
    });
  }
  return brokeTwice(reading.end?.kind === 'lost' ? reading.end.cause : undefined);
}

function brokeTwice(cause: unknown): EngineProtocolError {
  return new EngineProtocolError('the connection to the server broke twice during one call', {
    hint: 'look at the server and at what lies between',
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
    thinkingTokens: thought?.tokens ?? trail?.ids.length ?? 0,
    reasoning: thought?.text ?? trail?.since(0) ?? '',
  };
}
