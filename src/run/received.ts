/** What a run has received so far, for a journal that is written while it thinks. */
import type { Earlier } from '../prompt/question.ts';
import type { Stage } from './thought-so-far.ts';

export type Position = { readonly tokens: number; readonly chars: number };

export type Received = {
  /** where the run began: names the server, and holds what the run itself continues */
  readonly base: Earlier;
  /** a start marker that the text may begin with, which is no thinking; empty: the prompt holds it */
  readonly startMarker: string;
  /** What came after a position, and the next position. undefined: nothing yet. */
  since(from: Position): Part | undefined;
};

export type Part = {
  /** undefined: tokens come without ids */
  readonly ids: readonly number[] | undefined;
  readonly text: string;
  readonly to: Position;
};

/** The last tokens are left out, because they may be the beginning of the end marker. */
export function received({ facts, prompt, first, earlier }: Stage): Received {
  const { trail } = first.reading;
  const heldBack = facts.family.endMarker.length;
  return {
    base: earlier ?? { server: facts.server, text: '', tokens: 0 },
    startMarker: prompt.thinking === 'open' ? '' : facts.family.startMarker,
    since: ({ tokens, chars }) => {
      const to = { tokens: trail.tokens - heldBack, chars: Math.max(chars, trail.length - heldBack) };
      if (to.tokens <= tokens) return undefined;
      const hasIds = trail.ids.length === trail.tokens;
      return {
        ids: hasIds ? trail.ids.slice(tokens, to.tokens) : undefined,
        text: trail.slice(chars, to.chars),
        to,
      };
    },
  };
}
