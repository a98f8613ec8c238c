/** Generation speed. The time to the first chunk includes the prompt, so only the tokens after that chunk are timed. */
import type { Reading } from './reading.ts';

export type Arrival = Pick<Reading, 'firstTokenAt' | 'lastTokenAt' | 'firstTokens'> & {
  readonly trail: Pick<Reading['trail'], 'tokens'>;
};

/** The number of tokens after the first chunk of each stream, and the milliseconds they took. */
export function afterFirst(streams: readonly Arrival[]): { readonly tokens: number; readonly ms: number } {
  let [tokens, ms] = [0, 0];
  for (const { firstTokenAt, lastTokenAt, firstTokens, trail } of streams) {
    if (firstTokenAt === undefined || lastTokenAt === undefined) continue;
    tokens += trail.tokens - firstTokens;
    ms += lastTokenAt - firstTokenAt;
  }
  return { tokens, ms };
}
