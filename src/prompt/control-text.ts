/**
 * Keeps untrusted text from controlling the model. A template that finds `/think` anywhere deletes that word and
 * switches the mode. A tokenizer turns `<SPECIAL_11>` or `</think>` in a document into one control token. (Shared
 * facts: both seen on vLLM 0.32.) This file finds such strings and breaks each in two meaningless pieces.
 */
import type { Family } from './family.ts';

/** Our own delimiters, and the switch words of every family, because a model's name may not reveal its family. */
const ALWAYS = ['<context>', '</context>', '<item>', '</item>', '<notes>', '</notes>', '/think', '/no_think'];

/** Shapes of control tokens: `<|im_end|>`, `<SPECIAL_12>`, `</s>`, `[INST]`. `[…]` may lie inside the others. */
const CANDIDATES = [/<[^\s<>]{1,64}>/g, /\[\/?[A-Z][A-Z0-9_]{1,32}\]/g];

/** If a text has more different candidates than this, all are broken, because each check costs a request. */
const MOST_CHECKED = 32;

/**
 * The control strings in a text, each once. A candidate is a control string if it is known, or if the tokenizer makes a
 * single token of it. Ordinary text of that shape, such as `<div>`, always makes several tokens.
 */
export async function controlStrings(
  text: string,
  { startMarker, endMarker }: Family,
  isOneToken: (candidate: string) => Promise<boolean>,
): Promise<string[]> {
  const { known, unknown } = candidates(text, [startMarker, endMarker]);
  if (unknown.length > MOST_CHECKED) return [...known, ...unknown];
  const isControl = await Promise.all(unknown.map(isOneToken));
  return [...known, ...unknown.filter((_, index) => isControl[index])];
}

/** Names of control tokens in known models, for servers whose tokenizer is not reachable. */
const USUAL = /^(<\|.*\|>|<SPECIAL_\d+>|<\/?(s|unk|pad|bos|eos|mask)>|\[\/?[A-Z_]+\])$/;

export function knownControls(text: string, { startMarker, endMarker }: Family): string[] {
  const { known, unknown } = candidates(text, [startMarker, endMarker]);
  return [...known, ...unknown.filter((candidate) => USUAL.test(candidate))];
}

function candidates(text: string, markers: readonly string[]): { known: string[]; unknown: string[] } {
  const known = [...ALWAYS, ...markers].filter((control) => text.includes(control));
  const found = CANDIDATES.flatMap((pattern) => text.match(pattern) ?? []);
  return { known, unknown: [...new Set(found)].filter((candidate) => !known.includes(candidate)) };
}

/** Splits a text so that no piece contains a control string. The pieces joined give the text again. */
export function breakApart(text: string, controls: readonly string[]): string[] {
  const cuts = new Set<number>();
  for (const control of controls) {
    // occurrences may overlap, so the search advances by one character
    for (let at = text.indexOf(control); at !== -1; at = text.indexOf(control, at + 1)) {
      cuts.add(withinNoCharacter(text, at + Math.ceil(control.length / 2)));
    }
  }
  const edges = [0, ...[...cuts].toSorted((a, b) => a - b), text.length];
  return edges.slice(1).map((edge, index) => text.slice(edges[index], edge));
}

/** A split inside a surrogate pair moves to the end of the character. */
function withinNoCharacter(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff ? at + 1 : at;
}
