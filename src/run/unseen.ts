/**
 * A thought that nobody saw begin. By messages the prompt is not shown, and a template may open thinking in it: then
 * the stream begins within a thought, and only the end marker tells. What this costs the first run, the next one knows.
 */
import { isTurn } from '../engine/engine.ts';
import type { Begun } from './begin.ts';
import type { Context } from './context.ts';
import { finish, type Answer } from './finish.ts';
import { unopenedEnd } from '../stream/marker.ts';
import type { Thought } from '../budget/think.ts';

export type Finished = { readonly thought: Thought; readonly answer: Answer; readonly warnings: readonly string[] };

const BEGAN_UNSEEN =
  'the thinking began unseen, in the prompt that the server rendered: the budget holds from the next call on';

/** Reads the answer. Where a thought is at its beginning, that is told apart, and expected from now on. */
export async function finishSeeing(context: Context, begun: Begun): Promise<Finished> {
  const { thought, first, ready } = begun;
  const { family, server } = ready.facts;
  const answer = await finish(context, begun);
  const [part] = answer.parts;
  const asSeen: Finished = { thought, answer, warnings: [] };
  if (part === undefined || !isTurn(first.from)) return asSeen;
  if (thought.endedBy !== 'none' && thought.endedBy !== 'off') return asSeen;
  const end = unopenedEnd(part.text, family);
  if (end === undefined) return asSeen;
  const rest = part.text.slice(end.ends);
  // a turn that ends with the marker speaks of it
  if (rest.trim() === '' && part.endedBy === 'stop') return asSeen;
  // a family whose templates open it is read so anyway
  const isNews = first.from.thinking && !family.opensInPrompt;
  if (isNews) context.trust.sawOpening(server, 'unseen');
  const warnings = isNews ? [BEGAN_UNSEEN] : [];
  // in a later request it is the answer's: left out of it, and counted there
  if (context.requests.all.at(-1) !== first) return { ...asSeen, warnings };
  const { trail } = first.reading;
  const before = await trail.boundaryByChars(end.begins);
  const until = { ...(await trail.boundaryAfterChars(end.ends)), chars: end.ends };
  const unseen: Thought = {
    endedBy: 'model',
    tokens: before.tokens,
    text: part.text.slice(0, end.begins),
    markerTokens: until.tokens - before.tokens,
    endOfTurnTokens: 0,
    until,
    flowsOn: true,
  };
  if (part.endedBy === 'length') {
    // the answer's share was spent on it
    const spent = { ...unseen, flowsOn: false };
    return { thought: spent, answer: await finish(context, { ...begun, thought: spent }), warnings };
  }
  // when its first token came is not known any more
  const own = { ...part, text: rest, tokens: part.tokens - until.tokens, firstTokenAt: undefined };
  return { thought: unseen, answer: { ...answer, parts: [own] }, warnings };
}
