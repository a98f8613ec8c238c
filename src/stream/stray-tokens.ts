/**
 * Control tokens in the text of a model that thinkmeter does not know. Such tokens mean that the model has a way of
 * thinking that was neither recognised nor counted (ggml-org/llama.cpp#15731, ml-explore/mlx-lm#1867).
 */

/** `<|channel|>`, `<|channel>`, `<channel|>`, `<｜end｜>`, `[THINK]`, `<seed:think>`, `◁think▷`, `<unused94>`, `<end_of_turn>`. */
const SHAPES =
  /<\|[^\s<>|]{1,64}\|?>|<[^\s<>|]{1,64}\|>|<｜[^\s<>｜]{1,64}｜>|\[\/?THINK\]|<\/?seed:\w{1,64}>|◁\/?think▷|<unused\d{1,2}>|<(?:start|end)_of_turn>/g;

/**
 * The strings with which families end their thinking and begin their answer. The last ones are those of Cohere's Command A
 * Reasoning, OpenThinker, Apertus and MedGemma.
 */
const ANSWERS_FOLLOW = [
  '<|channel|>final<|message|>',
  '<channel|>',
  '[/THINK]',
  '</seed:think>',
  '◁/think▷',
  '<|END_THINKING|>',
  '<|end_of_thought|>',
  '<|inner_suffix|>',
  '<unused95>',
];

/** The tokens that end a turn. The text after one is not part of the answer: the server did not stop there. */
const TURN_ENDS = /^<\|(?:im_end|eot_id|end_of_text|endoftext|return|end)\|>$|^<end_of_turn>$|^<｜end▁of▁sentence｜>$/;

/** The end of a turn in Llama 2 and Mistral. In the middle of a text it is HTML. */
const LAST = /<\/s>\s*$/;

export type Cleaned = {
  readonly text: string;
  /** the tokens that were found, each once; empty: the text is unchanged */
  readonly tokens: readonly string[];
};

/**
 * The text without control tokens, and without the thinking that they enclose. Quoted tokens are kept, and so is a text
 * of control tokens only: it answers a question about them.
 */
export function withoutStrayTokens(text: string): Cleaned {
  const found = [...text.matchAll(SHAPES), ...lastEnd(text)].filter(
    ({ index, 0: token }) => !isQuoted(text, index, token.length),
  );
  if (found.length === 0) return { text, tokens: [] };
  const isEnclosed = text.trimStart().startsWith(found[0]?.[0] ?? '');
  const follows = ANSWERS_FOLLOW.map((end) => ({ end, at: text.lastIndexOf(end) })).filter(({ at }) => at !== -1);
  const from = isEnclosed ? Math.max(0, ...follows.map(({ end, at }) => at + end.length)) : 0;
  const turnEnd = found.find(
    ({ index, 0: token }) => index >= from && TURN_ENDS.test(token) && text.slice(from, index).trim() !== '',
  );
  const until = turnEnd?.index ?? text.length;
  const kept = found.filter(({ index }) => index >= from && index < until);
  let bare = '';
  let last = from;
  for (const { index, 0: token } of kept) {
    bare += text.slice(last, index);
    last = index + token.length;
  }
  bare = (bare + text.slice(last, until)).trim();
  return bare === '' ? { text, tokens: [] } : { text: bare, tokens: [...new Set(found.map(([token]) => token))] };
}

function lastEnd(text: string): RegExpExecArray[] {
  const found = text.includes('<s>') ? null : LAST.exec(text);
  return found === null ? [] : [found];
}

/** The token is in code or between quotation marks. */
function isQuoted(text: string, at: number, length: number): boolean {
  const before = text.slice(0, at);
  if (before.split('```').length % 2 === 0) return true;
  const line = before.slice(before.lastIndexOf('\n') + 1);
  if (line.replaceAll('```', '').split('`').length % 2 === 0) return true;
  return /["'“‘«]$/.test(before) && /^["'”’»]/.test(text.slice(at + length));
}
