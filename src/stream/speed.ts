/** How fast tokens came. The first chunk of a stream pays for its prompt; the speed is that of the tokens behind it. */
import type { Reading } from './reading.ts';

export type Arrival = Pick<Reading, 'firstTokenAt' | 'lastTokenAt' | 'firstTokens'> & {
  readonly trail: Pick<Reading['trail'], 'tokens'>;
};

/** The tokens behind the first chunk of each stream, and the milliseconds that they took. */
export function afterFirst(streams: readonly Arrival[]): { readonly tokens: number; readonly ms: number } {
  let [tokens, ms] = [0, 0];
  for (const { firstTokenAt, lastTokenAt, firstTokens, trail } of streams) {
    if (firstTokenAt === undefined || lastTokenAt === undefined) continue;
    tokens += trail.tokens - firstTokens;
    ms += lastTokenAt - firstTokenAt;
  }
  return { tokens, ms };
}
