/** The second half of a run: the answer, from the same stream or, after a cut, from what was kept and the closer. */
import { isTurn, type Beginning } from '../engine/engine.ts';
import { NoAnswerError, type ThinkmeterError } from '../errors.ts';
import { readAnswer, type AnswerPart } from '../budget/answer.ts';
import type { Begun } from './begin.ts';
import { brokeTwice } from '../stream/breaks.ts';
import type { Context, Ready } from './context.ts';
import type { Request } from '../stream/requests.ts';
import type { Thought } from '../budget/think.ts';

export type Answer = { readonly parts: readonly AnswerPart[]; readonly closerTokens: number };

/** Continues once where a stream broke, and where a first request was capped (`two_call`) within the answer. */
export async function finish(context: Context, { ready, first, thought, ...begun }: Begun): Promise<Answer> {
  const { requests } = context;
  const { sampling, answerTokens, mechanism } = ready.plan;
  const { window } = ready.facts;
  const ask = (from: Beginning, tokens: number): Request =>
    requests.ask(from, { maxTokens: isTurn(from) ? tokens : Math.min(tokens, window - from.length), sampling });
  const closer = thought.flowsOn ? [] : closerIds(ready, thought);
  let request = first;
  let from = thought.until;
  if (!thought.flowsOn) {
    first.reading.stop();
    request = ask(await continued(context, first, thought.until, { thought, closer }), answerTokens);
    from = { tokens: 0, chars: 0 };
  }
  let { mayContinue } = begun;
  const parts: AnswerPart[] = [];
  for (let done = 0; ;) {
    // oxlint-disable no-await-in-loop -- a continuation begins where the last stream broke off
    const part = await readPart(context, request, from, { answerTokens, done, thought });
    request.reading.stop();
    parts.push(part);
    done += part.tokens;
    const capped = mechanism === 'two_call' && request === first && part.endedBy === 'server';
    if (!capped && !isBroken(part, parts)) return { parts, closerTokens: closer.length };
    if (!capped && !mayContinue) throw brokenOff(part, request);
    mayContinue &&= capped;
    // what was capped before it could be told may be a thought
    const quoted = capped && thought.endedBy === 'none' ? { ...thought, text: part.text } : thought;
    const next = await continued(context, request, part.until, { thought: quoted, closer: [] });
    // oxlint-enable no-await-in-loop
    // where an answer cannot be gone on with, it is asked for anew
    if (isTurn(next)) done = parts.length = 0;
    request = ask(next, answerTokens - done);
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

/** A request's beginning with what is kept of what came for it; on a server that takes no ids, the thought itself. */
async function continued(
  { engine, inTime }: Context,
  { from, reading: { trail } }: Request,
  kept: Thought['until'],
  { thought, closer }: { readonly thought: Thought; readonly closer: readonly number[] },
): Promise<Beginning> {
  if (isTurn(from)) {
    const { text } = thought;
    return { ...from, thinking: false, ...(text.trim() !== '' && { thought: text }) };
  }
  const cameWithIds = trail.ids.length === trail.tokens;
  const ids = cameWithIds
    ? trail.ids.slice(0, kept.tokens)
    : await engine.encode(trail.slice(0, kept.chars), { signal: inTime });
  return [...from, ...ids, ...closer];
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
  return brokeTwice(reading.end?.kind === 'lost' ? reading.end.cause : undefined);
}
