/** What the fake model writes in the benches: so many thinking tokens, then a short answer. */
import { randomFrom } from '../support/random.ts';

/** five tokens */
export const ANSWER = '1267.';

/** A sum of two digits: a token for each character but the last two, which are one. */
const TOKENS_PER_LINE = 6;

/**
 * Exactly so many tokens of the demo tokenizer, the same ones each time. The sums differ, because a text that repeats
 * itself is ended as a loop.
 */
export function thinkingOf(tokens: number): string {
  const random = randomFrom(1);
  const upTo = (most: number): number => Math.floor(random() * (most + 1));
  const line = (): string => {
    const sum = upTo(9);
    const first = upTo(sum);
    return `${first}+${sum - first}=${sum}.\n`;
  };
  const lines = Array.from({ length: Math.floor(tokens / TOKENS_PER_LINE) }, line);
  return lines.join('') + line().slice(0, tokens % TOKENS_PER_LINE);
}
