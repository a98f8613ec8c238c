/** A piece of a message: `ours` is trusted and may act on the template, `theirs` must arrive as plain text. */
export type Part = { readonly from: 'ours' | 'theirs'; readonly text: string };

/** An amount of tokens. `given` by the caller it is kept or refused; a default may shrink to fit. */
export type Amount = { readonly tokens: number; readonly given: boolean };

/** What a tool asks of a model, from its checked input. */
export type Question = {
  /** the tool's own sentence, and the operator's system prompt */
  readonly system: readonly Part[];
  readonly user: readonly Part[];
  readonly thinkingBudget: Amount;
  readonly answerTokens: Amount;
  /** from the moment the tool was called, waiting in our own queue included; absent: no limit */
  readonly maxSeconds?: number;
  /** what the caller should know about how its input was read */
  readonly warnings?: readonly string[];
};

const ours = (text: string): Part => ({ from: 'ours', text });
const theirs = (text: string): Part => ({ from: 'theirs', text });

/** System text: the tool's instruction, then the operator's own. */
export function systemParts(instruction: string, operator: string | undefined): readonly Part[] {
  return operator === undefined ? [ours(instruction)] : [ours(`${instruction}\n`), theirs(operator)];
}

/** A question, with its context first where there is one. */
export function questionParts(question: string, context: string | undefined): readonly Part[] {
  if (context === undefined) return [theirs(question)];
  return [ours('<context>\n'), theirs(context), ours('\n</context>\n\n'), theirs(question)];
}

/** One item of a batch, after the instruction that holds for all. */
export function itemParts(instruction: string, item: string): readonly Part[] {
  return [theirs(instruction), ours('\n\n<item>\n'), theirs(item), ours('\n</item>')];
}
