/**
 * Keeps untrusted text from controlling the model. A template that finds `/think` anywhere deletes that word and
 * switches the mode. A tokenizer turns `<SPECIAL_11>` or `</think>` in a document into one control token. (Shared
 * facts: both seen on vLLM 0.32.) This file finds such strings and breaks each in two meaningless pieces.
 */
import type { Family } from './family.ts';

/** The switch words of every family. In token mode breaking them is invisible, and a name may not reveal the family. */
const SWITCH_WORDS = ['/think', '/no_think'];

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
  const known = [...SWITCH_WORDS, startMarker, endMarker].filter((control) => text.includes(control));
  const unknown = matchesOf(text, CANDIDATES).filter((candidate) => !known.includes(candidate));
  if (unknown.length > MOST_CHECKED) return [...known, ...unknown];
  const isControl = await Promise.all(unknown.map(isOneToken));
  return [...known, ...unknown.filter((_, index) => isControl[index])];
}

/** A place in a text where a control string stands. */
export type Occurrence = { readonly at: number; readonly control: string };

/**
 * The control strings of one family in a text, for servers whose tokenizer is not reachable: its markers, its switch words
 * unless they act only at the beginning of the system text, and the shapes of its control tokens.
 */
export function knownControls(text: string, family: Family): Occurrence[] {
  const { startMarker, endMarker, switch: how, controls } = family;
  const words = how.kind === 'word' && how.place === 'last' ? [how.on, how.off] : [];
  return [
    ...[startMarker, startMarker.trimEnd(), endMarker, ...words].flatMap((control) => occurrencesOf(text, control)),
    ...controls.flatMap((shape) => [...text.matchAll(shape)].map(({ index, 0: control }) => ({ at: index, control }))),
  ];
}

function occurrencesOf(text: string, control: string): Occurrence[] {
  const found: Occurrence[] = [];
  // occurrences may overlap, so the search advances by one character
  for (let at = text.indexOf(control); at !== -1; at = text.indexOf(control, at + 1)) found.push({ at, control });
  return found;
}

function matchesOf(text: string, shapes: readonly RegExp[]): string[] {
  return [...new Set(shapes.flatMap((shape) => text.match(shape) ?? []))];
}

/** Splits a text so that no piece contains a control string. The pieces joined give the text again. */
export function breakApart(text: string, controls: readonly string[]): string[] {
  return breakAt(
    text,
    controls.flatMap((control) => occurrencesOf(text, control)),
  );
}

/** Splits a text in the middle of each occurrence. The pieces joined give the text again. */
export function breakAt(text: string, occurrences: readonly Occurrence[]): string[] {
  const cuts = new Set(
    occurrences.map(({ at, control }) => withinNoCharacter(text, at + Math.ceil(control.length / 2))),
  );
  const edges = [0, ...[...cuts].toSorted((a, b) => a - b), text.length];
  return edges.slice(1).map((edge, index) => text.slice(edges[index], edge));
}

/** A split inside a surrogate pair moves to the end of the character. */
function withinNoCharacter(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff ? at + 1 : at;
}
