/**
 * Part of a message. `ours` is trusted and may contain control strings; `theirs` must arrive as plain text. `name` is the
 * caller's name for the text, for warnings: `the question`, `item 3`.
 */
export type Part =
  | { readonly from: 'ours'; readonly text: string }
  | { readonly from: 'theirs'; readonly text: string; readonly name?: string };

/** A number of tokens. `given`: set by the caller. An answer length that the caller set is never lowered to fit the window. */
export type Amount = { readonly tokens: number; readonly given: boolean };

/** The thinking of an earlier run. A run that continues it begins with these tokens. */
export type Earlier = {
  /** names the server, version and model whose ids these are, as `Facts.server` */
  readonly server: string;
  /** from the end of the prompt on, with a start marker that the model generated; absent: only the text is known */
  readonly ids?: readonly number[];
  /** without markers */
  readonly text: string;
  /** how many of the tokens are thinking */
  readonly tokens: number;
};

/** `threshold`: in nats. `model`: the one it was calibrated with, because models differ; absent: it is being calibrated. */
export type EarlyStopAt = { readonly threshold: number; readonly model?: string };

/** A tool's question to the model, made from validated input. */
export type Question = {
  /** the tool that asks: answers of one tool are of a similar length; absent: unknown */
  readonly tool?: string;
  /** the tool's instruction, and the operator's system prompt */
  readonly system: readonly Part[];
  readonly user: readonly Part[];
  readonly thinkingBudget: Amount;
  readonly answerTokens: Amount;
  /** thinking ends when the model is nearly sure (`stop-rules.ts`); absent: only when it closes its thinking itself */
  readonly earlyStop?: EarlyStopAt | undefined;
  /** counted from the tool call, including waiting in thinkmeter's own queue; absent: no limit */
  readonly maxSeconds?: number;
  /** the run thinks on from here; absent: from the beginning */
  readonly earlier?: Earlier;
  /** of the profile whose budget this is: the share of unlimited's thinking tokens that it saves, as measured */
  readonly profileSaving?: number | undefined;
  /** warnings for the caller about the interpretation of its input */
  readonly warnings?: readonly string[];
};

const CHARACTERS_PER_TOKEN = 4;

/** A rough number of tokens in the prompt, before it is rendered. */
export function roughTokens({ system, user }: Pick<Question, 'system' | 'user'>): number {
  return [...system, ...user].reduce((sum, { text }) => sum + text.length, 0) / CHARACTERS_PER_TOKEN;
}

const ours = (text: string): Part => ({ from: 'ours', text });
const theirs = (text: string, name: string): Part => ({ from: 'theirs', text, name });

/** System text: the tool's instruction, then the operator's system prompt. */
export function systemParts(instruction: string, operator: string | undefined): readonly Part[] {
  return operator === undefined
    ? [ours(instruction)]
    : [ours(`${instruction}\n`), theirs(operator, 'the system prompt')];
}

/** A question, after its context if one is given. */
export function questionParts(question: string, context: string | undefined): readonly Part[] {
  if (context === undefined) return [theirs(question, 'the question')];
  const [opens, closes] = delimiters('context', [context, question]);
  return [
    ours(`${opens}\n`),
    theirs(context, 'the context'),
    ours(`\n${closes}\n\n`),
    theirs(question, 'the question'),
  ];
}

/** One step of a workflow: the task, then its context if one is given. */
export function stepParts(task: string, context: string | undefined): readonly Part[] {
  const end = ours('\n\nReason carefully, then answer.');
  if (context === undefined) return [theirs(task, 'the task'), end];
  const [opens, closes] = delimiters('context', [context, task]);
  return [theirs(task, 'the task'), ours(`\n\n${opens}\n`), theirs(context, 'the context'), ours(`\n${closes}`), end];
}

/** One item of a batch, after the instruction that all items share. `index` is the item's place in the batch, from 0. */
export function itemParts(instruction: string, item: string, index: number): readonly Part[] {
  const [opens, closes] = delimiters('item', [instruction, item]);
  return [
    theirs(instruction, 'the instruction'),
    ours(`\n\n${opens}\n`),
    theirs(item, `item ${index}`),
    ours(`\n${closes}`),
  ];
}

/**
 * A pair of delimiters that none of the texts contains, so that no text can end its own part early: `<item>`, else the
 * first of `<item-2>`, `<item-3>` and so on. Texts arrive unchanged, and most prompts of a tool keep the same beginning.
 */
export function delimiters(name: string, texts: readonly string[]): readonly [string, string] {
  const used = new Set(
    texts.flatMap((text) =>
      [...text.matchAll(new RegExp(`</?${name}(?:-(\\d+))?(?![\\w-])`, 'gi'))].map(([, n]) => Number(n ?? 1)),
    ),
  );
  let number = 1;
  while (used.has(number)) number++;
  const tag = number === 1 ? name : `${name}-${number}`;
  return [`<${tag}>`, `</${tag}>`];
}
