/**
 * Thinking that a hidden prompt opened. Over chat completions the server renders the prompt, and its template may open
 * thinking there. The stream then begins within the thinking, and only the end marker reveals it. The first run counts
 * that thinking as answer; later runs expect it.
 */
import type { Answer } from '../budget/answer.ts';
import type { Thought } from '../budget/values.ts';
import { unopenedEnd } from '../stream/marker.ts';
import type { Begun, Context } from './context.ts';
import { finish } from './finish.ts';

export type Finished = { readonly thought: Thought; readonly answer: Answer; readonly warnings: readonly string[] };

const BEGAN_HIDDEN =
  'the prompt that the server rendered opened the thinking, which only its end marker revealed: the budget is enforced from the next call on';

/** Reads the answer. Thinking at its beginning is split off, and later runs expect it. */
export async function finishAndSplit(context: Context, begun: Begun): Promise<Finished> {
  const { thought, first, ready, evidence } = begun;
  const { family } = ready.facts;
  const answer = await finish(context, begun);
  const [part] = answer.parts;
  const shortened = answer.warnings ?? [];
  const asSeen: Finished = { thought, answer, warnings: shortened };
  if (part === undefined || ready.prompt.thinking !== 'hidden') return asSeen;
  if (thought.endedBy !== 'none' && thought.endedBy !== 'off') return asSeen;
  const end = unopenedEnd(part.text, family);
  if (end === undefined) return asSeen;
  const rest = part.text.slice(end.ends);
  // an end marker at the end of a turn is part of the answer's text
  if (rest.trim() === '' && part.endedBy === 'stop') return asSeen;
  // families whose template opens thinking are expected to do so anyway
  const isNews = ready.plan.mechanism !== 'off' && !family.opensInPrompt;
  if (isNews) evidence.opensHidden = true;
  const warnings = [...shortened, ...(isNews ? [BEGAN_HIDDEN] : [])];
  // in a later request this thinking counts as answer tokens; `toOutcome` omits its text
  if (context.requests.all.at(-1) !== first) return { ...asSeen, warnings };
  const { trail } = first.reading;
  const [before, after] = await Promise.all([trail.boundaryByChars(end.begins), trail.boundaryAfterChars(end.ends)]);
  const until = { ...after, chars: end.ends };
  const hidden = {
    endedBy: 'model',
    tokens: before.tokens,
    text: part.text.slice(0, end.begins),
    markerTokens: until.tokens - before.tokens,
    endOfTurnTokens: 0,
  } as const;
  if (part.endedBy === 'length') {
    // the thinking used up the answer's tokens, so the answer needs another request
    const spent: Thought = { ...hidden, next: 'new request', closed: true, keep: until };
    return { thought: spent, answer: await finish(context, { ...begun, thought: spent }), warnings };
  }
  // the arrival time of the first real answer token was not recorded
  const own = { ...part, text: rest, tokens: part.tokens - until.tokens, firstTokenAt: undefined };
  const flowed: Thought = { ...hidden, next: 'same stream', answerFrom: until };
  return { thought: flowed, answer: { ...answer, parts: [own] }, warnings };
}
