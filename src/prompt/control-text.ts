/**
 * Untrusted text must not act: a template deletes `/think` wherever it stands and flips the mode, and a tokenizer
 * makes one control token of `<SPECIAL_11>` or `</think>` in a document (shared facts: seen on vLLM 0.32).
 * Here such strings are found, and broken in two so that neither piece means anything.
 */
import type { Family } from './family.ts';

/** Our own delimiters, and the switch words of every family: a served name may hide which family it is. */
const ALWAYS = ['<context>', '</context>', '<item>', '</item>', '<notes>', '</notes>', '/think', '/no_think'];

/** What control tokens can look like: `<|im_end|>`, `<SPECIAL_12>`, `</s>`; `[INST]`, also inside the others. */
const CANDIDATES = [/<[^\s<>]{1,64}>/g, /\[\/?[A-Z][A-Z0-9_]{1,32}\]/g];

/** Beyond so many different candidates in one text nobody asks the tokenizer about each: all of them are broken. */
const MOST_ASKED = 32;

/**
 * The control strings in a text, each once. A candidate counts when it is known, or when the tokenizer makes a
 * single token of it (ordinary text of that shape, such as `<div>`, is always several).
 */
export async function controlStrings(
  text: string,
  { startMarker, endMarker }: Family,
  isOneToken: (candidate: string) => Promise<boolean>,
): Promise<string[]> {
  const { known, asked } = candidates(text, [startMarker, endMarker]);
  if (asked.length > MOST_ASKED) return [...known, ...asked];
  const isControl = await Promise.all(asked.map(isOneToken));
  return [...known, ...asked.filter((_, index) => isControl[index])];
}

/** What control tokens are really called, in the models that are served: for servers whose tokenizer cannot be asked. */
const USUAL = /^(<\|.*\|>|<SPECIAL_\d+>|<\/?(s|unk|pad|bos|eos|mask)>|\[\/?[A-Z_]+\])$/;

export function knownControls(text: string, { startMarker, endMarker }: Family): string[] {
  const { known, asked } = candidates(text, [startMarker, endMarker]);
  return [...known, ...asked.filter((candidate) => USUAL.test(candidate))];
}

function candidates(text: string, markers: readonly string[]): { known: string[]; asked: string[] } {
  const known = [...ALWAYS, ...markers].filter((control) => text.includes(control));
  const found = CANDIDATES.flatMap((pattern) => text.match(pattern) ?? []);
  return { known, asked: [...new Set(found)].filter((candidate) => !known.includes(candidate)) };
}

/** Cuts a text so that no piece holds any of the control strings; the pieces join to the text again. */
export function breakApart(text: string, controls: readonly string[]): string[] {
  const cuts = new Set<number>();
  for (const control of controls) {
    // step by one: occurrences may overlap
    for (let at = text.indexOf(control); at !== -1; at = text.indexOf(control, at + 1)) {
      cuts.add(withinNoCharacter(text, at + Math.ceil(control.length / 2)));
    }
  }
  const edges = [0, ...[...cuts].toSorted((a, b) => a - b), text.length];
  return edges.slice(1).map((edge, index) => text.slice(edges[index], edge));
}

/** A cut between the two halves of a surrogate pair moves behind the character. */
function withinNoCharacter(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code >= 0xdc00 && code <= 0xdfff ? at + 1 : at;
}
