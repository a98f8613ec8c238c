/** What the fake model writes in the benches: so many thinking tokens, then a short answer. */

/** a token for each character but the last two, which are one */
const LINE = '1+2=3.\n';
const TOKENS_PER_LINE = 6;

/** five tokens */
export const ANSWER = '1267.';

/** Exactly so many tokens of the demo tokenizer. */
export function thinkingOf(tokens: number): string {
  return LINE.repeat(tokens / TOKENS_PER_LINE) + LINE.slice(0, tokens % TOKENS_PER_LINE);
}
