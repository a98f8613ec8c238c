/** Counts the tokens of chunks that arrived without token ids, with a tokenizer of ours or by estimate. */
import type { Piece } from '../../engine.ts';

/** Counts the tokens of a text without a request. */
export type Count = (text: string) => number;

/**
 * Uses the usage in the chunk if present, else our own tokenizer, else one token per chunk. `growth`: new tokens in the
 * chunk's usage; undefined if the chunk contains no usage.
 */
export function countedTokens(
  text: string,
  growth: number | undefined,
  count: Count | undefined,
): NonNullable<Piece['counted']> {
  if (growth !== undefined) return { tokens: Math.max(0, growth), by: 'usage' };
  if (text === '') return { tokens: 0, by: 'estimate' };
  return count === undefined ? { tokens: 1, by: 'estimate' } : { tokens: count(text), by: 'tokenizer' };
}
