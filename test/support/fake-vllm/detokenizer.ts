/**
 * Ids to text one by one, as vLLM 0.32 does it: the rules of `DecodeStream` of Hugging Face's tokenizers, checked
 * against the library itself, under vLLM's rules for stop strings.
 */
import type { FakeModel } from './model.ts';

export type DetokenizerOptions = {
  readonly skipSpecialTokens: boolean;
  readonly stop: readonly string[];
  readonly includeStop: boolean;
  readonly minTokens: number;
};

export type Detokenizer = {
  /** Takes one id and returns the stop string it completed, if it did. */
  push(id: number, options: { readonly hidden: boolean }): string | undefined;
  /** The text not taken before; what may become a stop string is held back until the end. */
  take(options: { readonly finished: boolean }): string;
};

export function createDetokenizer(
  model: FakeModel,
  promptIds: readonly number[],
  options: DetokenizerOptions,
): Detokenizer {
  const step = decodeStream((ids) => model.decode(ids, options), promptIds);
  const heldBack = options.includeStop ? 0 : Math.max(0, ...options.stop.map((text) => text.length - 1));
  let text = '';
  let taken = 0;
  let count = 0;
  return {
    push: (id, { hidden }) => {
      count += 1;
      if (hidden) return undefined;
      const before = text.length;
      text += step(id);
      if (count <= options.minTokens) return undefined;
      const found = firstStop(text, before, options.stop);
      if (found === undefined) return undefined;
      text = text.slice(0, found.start + (options.includeStop ? found.stop.length : 0));
      return found.stop;
    },
    take: ({ finished }) => {
      const end = Math.max(taken, text.length - (finished ? 0 : heldBack));
      const delta = text.slice(taken, end);
      taken = end;
      return delta;
    },
  };
}

/** The stop string that ends earliest, of those that end in the text from `before` on. */
function firstStop(
  text: string,
  before: number,
  stops: readonly string[],
): { start: number; stop: string } | undefined {
  let first: { start: number; stop: string } | undefined;
  for (const stop of stops) {
    const start = text.indexOf(stop, Math.max(0, before - stop.length + 1));
    if (start < 0) continue;
    if (first === undefined || start + stop.length < first.start + first.stop.length) first = { start, stop };
  }
  return first;
}

const incomplete = '\uFFFD';

/**
 * A text that ends in U+FFFD is held back: more bytes may turn it into a character. What is still held back at the end is
 * never sent. A prompt that ends inside a character is not yet a prefix, so the first text then holds the whole prompt:
 * odd, and what the real one does.
 */
function decodeStream(
  decode: (ids: readonly number[]) => string,
  promptIds: readonly number[],
): (id: number) => string {
  let ids = [...promptIds];
  let prefix = '';
  let prefixLength = 0;
  return (id) => {
    if (prefix === '' && ids.length > 0) {
      const known = decode(ids);
      if (!known.endsWith(incomplete)) {
        prefix = known;
        prefixLength = ids.length;
      }
    }
    ids.push(id);
    const text = decode(ids);
    if (Buffer.byteLength(text) <= Buffer.byteLength(prefix) || text.endsWith(incomplete)) return '';
    const delta = text.slice(prefix.length);
    const known = ids.length - prefixLength;
    ids = ids.slice(prefixLength);
    prefix = decode(ids);
    prefixLength = known;
    return delta;
  };
}
