/**
 * Thinking whose beginning nobody saw. Over chat completions the prompt is hidden, and a template may open thinking in
 * it: then the stream begins within the thinking, and only the end marker shows it. The first run miscounts; from then on
 * it is expected.
 */
import type { Answer } from '../budget/answer.ts';
import type { Thought } from '../budget/story.ts';
import { unopenedEnd } from '../stream/marker.ts';
import type { Begun, Context } from './context.ts';
import { finish } from './finish.ts';

export type Finished = { readonly thought: Thought; readonly answer: Answer; readonly warnings: readonly string[] };

const BEGAN_UNSEEN =
  'the thinking began in the prompt that the server rendered, where it is hidden: the budget holds from the next call on';

/** Reads the answer. If there is thinking at its beginning, it is split off, and expected from now on. */
export async function finishSeeing(context: Context, begun: Begun): Promise<Finished> {
  const { thought, first, ready, evidence } = begun;
  const { family } = ready.facts;
  const answer = await finish(context, begun);
  const [part] = answer.parts;
  const asSeen: Finished = { thought, answer, warnings: [] };
  if (part === undefined || ready.prompt.thinking !== 'hidden') return asSeen;
  if (thought.endedBy !== 'none' && thought.endedBy !== 'off') return asSeen;
  const end = unopenedEnd(part.text, family);
  if (end === undefined) return asSeen;
  const rest = part.text.slice(end.ends);
  // a turn that ends with the marker speaks of it
  if (rest.trim() === '' && part.endedBy === 'stop') return asSeen;
  // a family whose templates open it is read so anyway
  const isNews = ready.plan.mechanism !== 'off' && !family.opensInPrompt;
  if (isNews) evidence.opensUnseen = true;
  const warnings = isNews ? [BEGAN_UNSEEN] : [];
  // in a later request it is the answer's: left out of it, and counted there
  if (context.requests.all.at(-1) !== first) return { ...asSeen, warnings };
  const { trail } = first.reading;
  const [before, after] = await Promise.all([trail.boundaryByChars(end.begins), trail.boundaryAfterChars(end.ends)]);
  const until = { ...after, chars: end.ends };
  const unseen = {
    endedBy: 'model',
    tokens: before.tokens,
    text: part.text.slice(0, end.begins),
    markerTokens: until.tokens - before.tokens,
    endOfTurnTokens: 0,
  } as const;
  if (part.endedBy === 'length') {
    // the answer's share was spent on it
    const spent: Thought = { ...unseen, next: 'ask', closed: true, keep: until };
    return { thought: spent, answer: await finish(context, { ...begun, thought: spent }), warnings };
  }
  // when its first token came is not known any more
  const own = { ...part, text: rest, tokens: part.tokens - until.tokens, firstTokenAt: undefined };
  const flowed: Thought = { ...unseen, next: 'flows on', answerFrom: until };
  return { thought: flowed, answer: { ...answer, parts: [own] }, warnings };
}
