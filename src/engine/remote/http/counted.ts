/** The tokens of a chunk that came without ids. */
import type { Piece } from '../../engine.ts';

/** Counts a text without a request. */
export type Count = (text: string) => number;

/**
 * Usage with every chunk, else our own tokenizer, else a token a chunk. `more`: by how much the usage that came with it
 * has grown; undefined if none came.
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
