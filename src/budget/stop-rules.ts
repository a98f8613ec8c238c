/**
 * Reasons of thinkmeter's own to end thinking before its budget and its time are over. Each rule reads the trail and says
 * where the thinking should end.
 */
import type { Trail } from '../stream/trail.ts';
import { LoopWatch, TextLoopWatch } from './loop.ts';

/** `tokens`, or `chars` where tokens came without ids: what is worth keeping. */
export type Stop = { readonly endedBy: 'sure' | 'loop' } & ({ readonly tokens: number } | { readonly chars: number });

/** Called after each piece of thinking. `from`: tokens before the thinking. */
export type StopRule = (trail: Trail, from: number) => Stop | undefined;

/**
 * The model is sure: at a line end, the first token of the end marker was nearly as likely as the token that it generated
 * (Song et al., arXiv 2510.00546). `threshold`: in nats; it must be calibrated, because models differ.
 *
 * Line ends inside a chunk of several tokens are not looked at, because finding them would cost a request.
 */
export function sureRule(threshold: number): StopRule {
  let looked = 0;
  return (trail, from) => {
    const ends = trail.lineEndsAfter(Math.max(looked, from));
    for (const tokens of ends) {
      const margin = trail.margins[tokens];
      // the token after the line end has not arrived
      if (tokens >= trail.tokens) break;
      looked = tokens;
      // 0: the token is the end marker's own, so the model closes its thinking itself
      if (margin !== undefined && margin !== 0 && margin < threshold) return { endedBy: 'sure', tokens };
    }
    return undefined;
  };
}

/** The thinking repeats itself. */
export function loopRule(): StopRule {
  const [ids, words] = [new LoopWatch(), new TextLoopWatch()];
  let [tokens, chars] = [0, 0];
  return (trail) => {
    if (trail.ids.length === trail.tokens) {
      const found = ids.add(trail.ids.slice(tokens));
      tokens = trail.ids.length;
      return found && { endedBy: 'loop', tokens: found.keep };
    }
    const found = words.add(trail.since(chars));
    chars = trail.length;
    return found && { endedBy: 'loop', chars: found.keep };
  };
}
