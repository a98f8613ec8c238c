/** Finds whole markers in streamed text, and markers that may have begun at the end of the text. */

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
