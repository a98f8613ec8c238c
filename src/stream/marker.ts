/** Markers in streamed text: found whole, or possibly begun at its end. */

/** Where the text ends in what may become the marker; undefined when it does not. */
export function possibleStart(text: string, marker: string): number | undefined {
  for (let length = Math.min(marker.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(marker.slice(0, length))) return text.length - length;
  }
  return undefined;
}

/**
 * Where an end marker stands in a text that has no start marker before it: first or last in its line, and not in a fence,
 * because an answer may speak of it there. Undefined when there is none.
 */
export function unopenedEnd(
  text: string,
  { startMarker, endMarker }: { readonly startMarker: string; readonly endMarker: string },
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

/** Text without markers at its ends, and without the white space around it. */
export function withoutMarkers(text: string, markers: readonly string[]): string {
  let bare = text.trim();
  for (;;) {
    const leading = markers.find((marker) => bare.startsWith(marker));
    const trailing = markers.find((marker) => bare.endsWith(marker));
    if (leading === undefined && trailing === undefined) return bare;
    bare = (leading === undefined ? bare.slice(0, -(trailing?.length ?? 0)) : bare.slice(leading.length)).trim();
  }
}
