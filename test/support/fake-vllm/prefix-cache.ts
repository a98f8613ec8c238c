/** Whole blocks of tokens that were computed before, as vLLM's prefix cache finds them again. */
import { createHash } from 'node:crypto';

/** vLLM's on a CPU; 16 on most GPUs, and thousands with Mamba layers. */
export const BLOCK_TOKENS = 128;

export type PrefixCache = {
  /** how many of these tokens need not be computed; the last always is */
  known(ids: readonly number[]): number;
  remember(ids: readonly number[]): void;
};

export function createPrefixCache(): PrefixCache {
  const blocks = new Set<string>();
  return {
    known: (ids) => {
      let tokens = 0;
      for (const key of blockKeys(ids.slice(0, -1))) {
        if (!blocks.has(key)) break;
        tokens += BLOCK_TOKENS;
      }
      return tokens;
    },
    remember: (ids) => {
      for (const key of blockKeys(ids)) blocks.add(key);
    },
  };
}

/** Each stands for its block and all before it. */
function* blockKeys(ids: readonly number[]): Generator<string, void> {
  let key = '';
  for (let end = BLOCK_TOKENS; end <= ids.length; end += BLOCK_TOKENS) {
    key = createHash('sha256')
      .update(`${key} ${ids.slice(end - BLOCK_TOKENS, end).join(' ')}`)
      .digest('base64');
    yield key;
  }
}
