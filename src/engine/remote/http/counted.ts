/** Counts the tokens of chunks that arrived without token ids, with a tokenizer of ours or by estimate. */
import type { Piece } from '../../engine.ts';
import { estimatedTokens } from './estimate.ts';

/** Counts the tokens of a text without a request. */
export type Count = (text: string) => number;

/** Characters of a chunk. No common vocabulary has a longer word in one token. */
const LONGEST_TOKEN = 24;

/**
 * Uses the usage in the chunk if present, else our own tokenizer. Else a chunk is one token, unless its text is too long
 * for one: gateways send several tokens in a chunk. `growth`: new tokens in the chunk's usage; undefined if the chunk
 * contains no usage.
 */
export function countedTokens(
  text: string,
  growth: number | undefined,
  count: Count | undefined,
): NonNullable<Piece['counted']> {
  if (growth !== undefined) return { tokens: Math.max(0, growth), by: 'usage' };
  if (text === '') return { tokens: 0, by: 'estimate' };
  if (count !== undefined) return { tokens: count(text), by: 'tokenizer' };
  return { tokens: isSeveral(text) ? estimatedTokens(text) : 1, by: 'estimate' };
}

/** Tokenizers split text into words before they encode it, so no token holds two words. */
function isSeveral(text: string): boolean {
  const bare = text.trim();
  return bare.length > LONGEST_TOKEN || /\s/.test(bare);
}
