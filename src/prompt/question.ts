/** Part of a message. `ours` is trusted and may contain control strings; `theirs` must arrive as plain text. */
export type Part = { readonly from: 'ours' | 'theirs'; readonly text: string };

/** A number of tokens. `given`: set by the caller. An answer length that the caller set is never lowered to fit the window. */
export type Amount = { readonly tokens: number; readonly given: boolean };

/** A tool's question to the model, made from validated input. */
export type Question = {
  /** the tool's instruction, and the operator's system prompt */
  readonly system: readonly Part[];
  readonly user: readonly Part[];
  readonly thinkingBudget: Amount;
  readonly answerTokens: Amount;
  /** counted from the tool call, including waiting in thinkmeter's own queue; absent: no limit */
  readonly maxSeconds?: number;
  /** warnings for the caller about the interpretation of its input */
  readonly warnings?: readonly string[];
};

const ours = (text: string): Part => ({ from: 'ours', text });
const theirs = (text: string): Part => ({ from: 'theirs', text });

/** System text: the tool's instruction, then the operator's system prompt. */
export function systemParts(instruction: string, operator: string | undefined): readonly Part[] {
  return operator === undefined ? [ours(instruction)] : [ours(`${instruction}\n`), theirs(operator)];
}

/** A question, after its context if one is given. */
export function questionParts(question: string, context: string | undefined): readonly Part[] {
  if (context === undefined) return [theirs(question)];
  return [ours('<context>\n'), theirs(context), ours('\n</context>\n\n'), theirs(question)];
}

/** One item of a batch, after the instruction that all items share. */
export function itemParts(instruction: string, item: string): readonly Part[] {
  return [theirs(instruction), ours('\n\n<item>\n'), theirs(item), ours('\n</item>')];
}
