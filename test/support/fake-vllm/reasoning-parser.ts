/** Thinking and answer, told apart as a server's `--reasoning-parser` does it, with its mistakes. */

/** `null` and `''` are told apart, as in the JSON. */
export type Parts = { readonly reasoning: string | null; readonly content: string | null };

/** What a chunk adds; without either it has nothing to tell. */
export type PartsDelta = Partial<Parts>;

export type TextDelta = { readonly ids: readonly number[]; readonly text: string; readonly finished: boolean };

export type ReasoningParser = {
  /** it wants to see the markers, whatever the request said of special tokens */
  readonly keepsSpecialTokens: boolean;
  whole(text: string): Parts;
  stream(promptIds: readonly number[]): (delta: TextDelta) => PartsDelta;
  /** `undefined`: it does not count */
  reasoningTokens(ids: readonly number[]): number | undefined;
};
