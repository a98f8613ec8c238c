/** Finds whole markers in streamed text, and markers that may have begun at the end of the text. */
import type { Markers } from '../prompt/family.ts';

/** Index at which the text ends in a beginning of the marker; undefined if the text does not. */
export function possibleStart(text: string, marker: string): number | undefined {
  for (let length = Math.min(marker.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(marker.slice(0, length))) return text.length - length;
  }
  return undefined;
}

/**
 * An end marker without a start marker before it. The end marker counts only first or last in its line, outside a code
 * fence: elsewhere an answer may quote it. Undefined if no end marker counts.
 */
export function unopenedEnd(
  text: string,
  { startMarker, endMarker }: Markers,
): { readonly begins: number; readonly ends: number } | undefined {
  const start = text.indexOf(startMarker);
  for (let at = text.indexOf(endMarker); at !== -1; at = text.indexOf(endMarker, at + 1)) {
    const before = text.slice(0, at);
    if ((start !== -1 && start < at) || before.split('```').length % 2 === 0) return undefined;
    const ends = at + endMarker.length;
    if (/(^|\n)[^\S\n]*$/.test(before) || /^[^\S\n]*(\n|$)/.test(text.slice(ends))) return { begins: at, ends };
  }
  return undefined;
}

/** No header of a message is longer: it holds a role, a channel and the name of a recipient. */
const LONGEST_HEADER = 200;

/**
 * How a text begins: with thinking or with the answer, whose text starts at `at`. `undecided`: the text may still become a
 * start marker or a header.
 */
export type Beginning = { readonly kind: 'thinking' | 'answer'; readonly at: number } | { readonly kind: 'undecided' };

export function beginningOf(text: string, { startMarker, header }: Markers): Beginning {
  const words = text.trimStart();
  const blank = text.length - words.length;
  if (header?.starts.some((start) => words.startsWith(start)) === true) {
    const end = words.indexOf(header.ends);
    if (end === -1) return words.length < LONGEST_HEADER ? { kind: 'undecided' } : { kind: 'answer', at: 0 };
    const kind = words.slice(0, end).includes(header.answer) ? 'answer' : 'thinking';
    return { kind, at: blank + end + header.ends.length };
  }
  if (words.startsWith(startMarker)) return { kind: 'thinking', at: blank + startMarker.length };
  const isBegun = [startMarker, ...(header?.starts ?? [])].some((marker) => marker.startsWith(words));
  return isBegun ? { kind: 'undecided' } : { kind: 'answer', at: 0 };
}

/** Removes markers and white space at both ends of a text. */
export function withoutMarkers(text: string, markers: readonly string[]): string {
  let bare = text.trim();
  for (;;) {
    const leading = markers.find((marker) => bare.startsWith(marker));
    const trailing = markers.find((marker) => bare.endsWith(marker));
    if (leading === undefined && trailing === undefined) return bare;
    bare = (leading === undefined ? bare.slice(0, -(trailing?.length ?? 0)) : bare.slice(leading.length)).trim();
  }
}

/**
 * Removes an end marker that a model wrote although no thinking was open: before the answer (smg-project/smg#2447) or
 * behind it. A marker that a space separates from a word belongs to a sentence about it.
 */
export function withoutStrayEnds(text: string, endMarker: string): string {
  let bare = text.trim();
  while (bare.startsWith(endMarker) && !/^[^\S\n]+\S/.test(bare.slice(endMarker.length))) {
    const rest = bare.slice(endMarker.length).trim();
    if (rest === '') return bare;
    bare = rest;
  }
  while (bare.endsWith(endMarker) && !/\S[^\S\n]+$/.test(bare.slice(0, -endMarker.length))) {
    bare = bare.slice(0, -endMarker.length).trim();
  }
  return bare;
}
