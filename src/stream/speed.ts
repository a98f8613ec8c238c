/** How fast tokens came. The first of a stream pays for its prompt; the speed is that of the others. */
import type { Reading } from './reading.ts';

export type Arrival = Pick<Reading, 'firstTokenAt' | 'lastTokenAt'> & {
  readonly trail: Pick<Reading['trail'], 'tokens'>;
};

/** The tokens behind the first of each stream, and the milliseconds that they took. */
export function afterFirst(streams: readonly Arrival[]): { readonly tokens: number; readonly ms: number } {
  let [tokens, ms] = [0, 0];
  for (const { firstTokenAt, lastTokenAt, trail } of streams) {
    if (firstTokenAt === undefined || lastTokenAt === undefined) continue;
    tokens += trail.tokens - 1;
    ms += lastTokenAt - firstTokenAt;
  }
  return { tokens, ms };
}
