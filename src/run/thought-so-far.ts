/** The thinking of a run in a form that a later run can continue. Made after the answer was returned. */
import type { Thought } from '../budget/values.ts';
import type { Facts, Prompt } from '../engine/engine.ts';
import type { Earlier } from '../prompt/question.ts';
import type { Request } from '../stream/requests.ts';
import { possibleStart } from '../stream/marker.ts';
import type { Boundary } from '../stream/trail.ts';

/** What is known as soon as the first request is made. */
export type Stage = {
  readonly facts: Facts;
  readonly prompt: Prompt;
  /** the request from which the thinking is read */
  readonly first: Request;
  /** what the run itself continues */
  readonly earlier: Earlier | undefined;
};

type Known = Stage & {
  /** undefined: the run ended within its thinking */
  readonly thought: Thought | undefined;
};

/** undefined: there is no thinking. */
export async function thoughtSoFar({ facts, prompt, first, thought, earlier }: Known): Promise<Earlier | undefined> {
  const own = thought === undefined ? await unfinished(first, facts) : await finished(first, prompt, thought);
  if (own.text.trim() === '') return earlier;
  const isWhole = earlier === undefined || (earlier.ids !== undefined && earlier.server === facts.server);
  const ids = own.ids !== undefined && isWhole ? [...(earlier?.ids ?? []), ...own.ids] : undefined;
  return {
    server: facts.server,
    ...(ids !== undefined && { ids }),
    text: (earlier?.text ?? '') + own.text,
    tokens: (earlier?.tokens ?? 0) + own.tokens,
  };
}

type Own = { readonly ids: readonly number[] | undefined; readonly text: string; readonly tokens: number };

const NOTHING: Own = { ids: undefined, text: '', tokens: 0 };

async function finished(first: Request, prompt: Prompt, thought: Thought): Promise<Own> {
  const { trail } = first.reading;
  const { tokens, text, endedBy } = thought;
  if (endedBy === 'off' || endedBy === 'none') return NOTHING;
  if (thought.next === 'new request' && !thought.closed) return { ids: idsUntil(first, thought.keep), text, tokens };
  // closed by the model: continued from before its end marker
  const end = await trail.boundaryByTokens(tokens);
  const written = trail.slice(0, end.chars);
  const isOneBlock = prompt.thinking === 'open' && text.startsWith(written);
  return isOneBlock ? { ids: idsUntil(first, end), text: written, tokens } : { ids: undefined, text, tokens };
}

async function unfinished(first: Request, { family }: Facts): Promise<Own> {
  const { trail } = first.reading;
  const all = await trail.whole();
  const end = trail.slice(Math.max(0, all.chars - family.endMarker.length), all.chars);
  const half = possibleStart(end, family.endMarker);
  const until = half === undefined ? all : await trail.boundaryByChars(all.chars - end.length + half);
  const text = trail.slice(0, until.chars);
  const opened = text.trimStart().startsWith(family.startMarker) ? text.indexOf(family.startMarker) : undefined;
  return {
    ids: idsUntil(first, until),
    text: opened === undefined ? text : text.slice(opened + family.startMarker.length),
    tokens: until.tokens,
  };
}

/** undefined: the tokens came without ids. */
function idsUntil({ reading: { trail } }: Request, { tokens }: Boundary): readonly number[] | undefined {
  return trail.ids.length === trail.tokens ? trail.ids.slice(0, tokens) : undefined;
}
