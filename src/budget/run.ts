/**
 * One budgeted run: render, plan, think, cut, answer. One request where thinking closes by itself, two where it is
 * cut, and one more where a connection broke. What follows a cut begins with the very token ids received.
 */
import type { Clock } from '../clock.ts';
import type { Engine, Facts, Prompt } from '../engine/engine.ts';
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
  readonly requests: Requests;
};

type Ready = { readonly facts: Facts; readonly prompt: Prompt; readonly plan: Plan };

/** @throws {ThinkmeterError} with `partial` set: what had been received, and paid for */
export async function run(question: Question, engine: Engine, options: RunOptions): Promise<Outcome> {
  const { runId, clock, startedAt, signal } = options;
  const requests = new Requests(engine, options);
  const context: Context = {
    ...options,
    question,
    engine,
    deadline: toDeadline(startedAt, question.maxSeconds),
    requests,
  };
  let thought: Thought | undefined;
  try {
    const ready = await prepare(context);
    const first = requests.ask(ready.prompt.ids, ready.plan.maxTokens, ready.plan.sampling);
    thought = await thinkFirst(context, ready, first);
    const answer = await answerAfter(context, ready, first, thought);
    const story = { ...ready, runId, startedAt, now: clock.now(), thought, answer, requests: requests.all };
    return toOutcome({ ...story, warnings: question.warnings ?? [] });
  } catch (error) {
    if (signal.aborted) throw new CancelledError('the call was cancelled', { cause: error });
    if (error instanceof ThinkmeterError) error.partial ??= toPartial(runId, thought, requests);
    throw error;
  } finally {
    requests.stop();
  }
}

/** Everything before the first token, within the caller's time. */
async function prepare({ question, engine, deadline, clock, signal, progress }: Context): Promise<Ready> {
  const late = new AbortController();
  const silence = deadline.at === Infinity ? undefined : clock.timer(deadline.at - clock.now(), () => late.abort());
  const call = {
    signal: AbortSignal.any([signal, late.signal]),
    loading: ({ message }: { message: string }) =>
      progress?.({ phase: 'loading', thinkingTokens: 0, answerTokens: 0, message }),
  };
  try {
    progress?.({ phase: 'waiting', thinkingTokens: 0, answerTokens: 0 });
    const facts = await engine.describe(call);
    const prompt = await engine.render(question, question.thinkingBudget.tokens > 0, call);
    return { facts, prompt, plan: toPlan(question, facts, prompt) };
  } catch (error) {
    if (!late.signal.aborted) throw error;
    throw new EngineTimeoutError('the time was over before the prompt was ready', {
      hint: 'raise max_seconds',
      cause: error,
    });
  } finally {
    silence?.();
  }
}

function thinkFirst({ deadline, progress }: Context, { facts, prompt, plan }: Ready, first: Request): Promise<Thought> {
  return think({
    reading: first.reading,
    plan,
    family: facts.family,
    state: prompt.thinking,
    deadline,
    askedAt: first.askedAt,
    progress: (thinkingTokens) => progress?.({ phase: 'thinking', thinkingTokens, answerTokens: 0 }),
  });
}

type Answer = { readonly parts: readonly AnswerPart[]; readonly closerTokens: number };

/** The answer from the same stream, or, after a cut, from the ids kept and the closer; once more where a stream broke. */
async function answerAfter(context: Context, ready: Ready, first: Request, thought: Thought): Promise<Answer> {
  const { requests } = context;
  const { sampling, answerTokens } = ready.plan;
  const closer = thought.flowsOn ? [] : closerIds(ready, thought);
  let request = first;
  let from = thought.until;
  if (!thought.flowsOn) {
    first.reading.stop();
    request = requests.ask([...continued(first, thought.until.tokens), ...closer], answerTokens, sampling);
    from = { tokens: 0, chars: 0 };
  }
  // a thought that a lost connection ended has had its one continuation
  let mayContinue = thought.endedBy !== 'server' || first.reading.end?.kind !== 'lost';
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
    request = requests.ask(continued(request, part.until.tokens), answerTokens - done, sampling);
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

function brokenOff(part: AnswerPart, { reading }: Request): ThinkmeterError {
  if (part.endedBy !== 'lost') {
    return new NoAnswerError('the server ended the stream twice before the answer had a word', {
      hint: "look at the server's own limits",
    });
  }
  const cause = reading.end?.kind === 'lost' ? reading.end.cause : undefined;
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
