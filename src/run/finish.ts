/** The second half of a run: reads the answer, from the same stream or, after a cut, from a second request. */
import { readAnswer, type Answer, type AnswerPart } from '../budget/answer.ts';
import { MECHANISMS } from '../budget/mechanism.ts';
import { LEAST_ANSWER } from '../budget/plan.ts';
import { EndpointGoneError, type Extended, type Kept, type Session } from '../engine/engine.ts';
import { ContextOverflowError, NoAnswerError } from '../errors.ts';
import type { Request } from '../stream/requests.ts';
import type { Boundary } from '../stream/trail.ts';
import { openOptions, type Begun, type Context } from './context.ts';

/** The position from which the answer is read. */
type Source = {
  readonly session: Session;
  readonly request: Request;
  readonly from: Boundary;
  readonly closerTokens: number;
  /** the request was made only for the answer, and the server does not show its prompt */
  readonly isHidden: boolean;
};

const START: Boundary = { tokens: 0, chars: 0 };

/**
 * Reads the answer to its end. Continues after a broken stream, and once more if the capped first request of
 * `two_call` ended within the answer.
 */
export async function finish(context: Context, begun: Begun): Promise<Answer> {
  const { first, thought, ready } = begun;
  let closerTokens = 0;
  let parts: AnswerPart[] = [];
  let source: Source | undefined;
  let hasMoved = false;
  let warnings: readonly string[] = [];
  for (;;) {
    // oxlint-disable no-await-in-loop -- a continuation needs the end of the stream before it
    try {
      source ??= await firstSource(context, begun);
      const part = await readPart(context, begun, source, parts);
      source.request.reading.stop();
      parts.push(part);
      const isCapped =
        MECHANISMS[ready.plan.mechanism].isCapped && source.request === first && part.endedBy === 'server';
      if (!isCapped && !isBroken(part, parts)) {
        return {
          parts,
          closerTokens: closerTokens + source.closerTokens,
          isFromHiddenPrompt: source.isHidden,
          warnings,
        };
      }
      if (!isCapped) await mayContinue(context, part, source.request);
      // the cap may have cut before the start marker: the text is treated as thinking
      const reasoning = isCapped && thought.endedBy === 'none' ? part.text : thought.text;
      closerTokens += source.closerTokens;
      const rest = { until: part.until, reasoning, open: false, done: tokensOf(parts) };
      const next = await continueFrom(context, begun, source, rest);
      if (next.restartsAnswer) parts = [];
      source = next;
    } catch (error) {
      const room = source === undefined || source.request === first ? undefined : roomAfter(error, source.request);
      if (source !== undefined && room !== undefined && warnings.length === 0) {
        warnings = [`the answer was limited to ${room} tokens to fit the server's window`];
        context.requests.drop(source.request);
        source = { ...source, request: reopened(context, source, room) };
        continue;
      }
      if (!(error instanceof EndpointGoneError) || hasMoved) throw error;
      hasMoved = true;
      if (source !== undefined && source.request !== first) context.requests.drop(source.request);
      parts = [];
      closerTokens = 0;
      source = await moveToNewSession(context, begun);
    }
    // oxlint-enable no-await-in-loop
  }
}

/**
 * Room for an answer, from the numbers with which the server refused it. Over chat completions the prompt is estimated, so a
 * refusal can follow thinking that was paid for. undefined: another error, or no room.
 */
function roomAfter(error: unknown, { limits }: Request): number | undefined {
  if (!(error instanceof ContextOverflowError) || error.counted === undefined) return undefined;
  const { window, promptTokens, isLeast } = error.counted;
  const room = isLeast ? LEAST_ANSWER : window - promptTokens;
  return room >= LEAST_ANSWER && room < limits.maxTokens ? room : undefined;
}

function reopened({ requests }: Context, { session, request: { from, limits } }: Source, maxTokens: number): Request {
  return requests.open(session, from, { ...limits, maxTokens });
}

async function firstSource(context: Context, begun: Begun): Promise<Source> {
  const { session, first, thought } = begun;
  const source = { session, request: first, closerTokens: 0, isHidden: false };
  if (thought.next === 'same stream') return { ...source, from: thought.answerFrom };
  first.reading.stop();
  const { keep, text: reasoning, closed } = thought;
  return continueFrom(context, begun, source, { until: keep, reasoning, open: !closed, done: 0 });
}

type Continuation = {
  /** the end of the kept part of the stream */
  readonly until: Boundary;
  readonly reasoning: string;
  readonly open: boolean;
  /** answer tokens received already */
  readonly done: number;
};

/** Opens a request that continues the kept part of another. */
async function continueFrom(
  context: Context,
  begun: Begun,
  { session, request }: Pick<Source, 'session' | 'request'>,
  { until, reasoning, open, done }: Continuation,
): Promise<Source & { readonly restartsAnswer: boolean }> {
  const { trail } = request.reading;
  const cameWithIds = trail.ids.length === trail.tokens;
  const kept: Kept = {
    ids: cameWithIds ? trail.ids.slice(0, until.tokens) : undefined,
    text: trail.slice(0, until.chars),
    reasoning,
    open,
  };
  return requestAnswer(
    context,
    begun,
    session,
    await session.extend(request.from, kept, { signal: context.inTime }),
    done,
  );
}

/** If the session's endpoint has disappeared: opens a new session and requests the answer with the thinking so far. */
async function moveToNewSession(context: Context, begun: Begun): Promise<Source> {
  const { engine, question, inTime: signal } = context;
  const { thought } = begun;
  const session = await engine.open(openOptions(context, true));
  const thinking = thought.text.trim() !== '';
  const { beginning, thinking: state } = await session.render(question, {
    thinking,
    room: question.answerTokens.tokens,
    signal,
  });
  if (!thinking) return requestAnswer(context, begun, session, { beginning, closerTokens: 0, restartsAnswer: true });
  const marker = state === 'open' ? '' : session.facts.family.startMarker;
  const reasoning = (question.earlier?.text ?? '') + thought.text;
  const kept = { ids: undefined, text: marker + reasoning, reasoning, open: true };
  return requestAnswer(context, begun, session, await session.extend(beginning, kept, { signal }));
}

function requestAnswer(
  { requests, inTime }: Context,
  { ready }: Begun,
  session: Session,
  { beginning, closerTokens, restartsAnswer }: Extended,
  done = 0,
): Source & { readonly restartsAnswer: boolean } {
  // after the deadline no request is sent
  inTime.throwIfAborted();
  const { sampling } = ready.plan;
  const answerTokens = ready.plan.answerTokens - (restartsAnswer ? 0 : done);
  const room = beginning.exact ? session.facts.window - beginning.promptTokens : Infinity;
  const request = requests.open(session, beginning, { maxTokens: Math.min(answerTokens, room), sampling });
  return { session, request, from: START, closerTokens, restartsAnswer, isHidden: restartsAnswer };
}

function readPart(
  { clock, progress }: Context,
  { deadline, thought, ready }: Begun,
  { request, from }: Source,
  parts: readonly AnswerPart[],
): Promise<AnswerPart> {
  const done = tokensOf(parts);
  return readAnswer({
    reading: request.reading,
    from,
    answerTokens: ready.plan.answerTokens - done,
    deadline,
    progress: (tokens) =>
      progress?.({ phase: 'answering', thinkingTokens: thought.tokens, answerTokens: done + tokens }),
    now: () => clock.now(),
  });
}

function tokensOf(parts: readonly AnswerPart[]): number {
  return parts.reduce((sum, { tokens }) => sum + tokens, 0);
}

/** The connection broke, or the server ended the stream before the first word of the answer. */
function isBroken(part: AnswerPart, parts: readonly AnswerPart[]): boolean {
  return part.endedBy === 'lost' || (part.endedBy === 'server' && parts.every(({ text }) => text.trim() === ''));
}

/** @throws {ThinkmeterError} after too many broken streams */
async function mayContinue({ requests }: Context, part: AnswerPart, { reading }: Request): Promise<void> {
  if (part.endedBy !== 'lost' && requests.hasBroken) {
    throw new NoAnswerError('the server ended the stream twice before the first word of the answer', {
      hint: "check the server's own limits on generated tokens",
    });
  }
  await requests.breaks(reading.end?.kind === 'lost' ? reading.end.cause : undefined);
}
