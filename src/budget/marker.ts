/** Markers in streamed text: found whole, or possibly begun at its end. */

/** Where the text ends in what may become the marker; undefined when it does not. */
export function possibleStart(text: string, marker: string): number | undefined {
  for (let length = Math.min(marker.length - 1, text.length); length > 0; length--) {
    if (text.endsWith(marker.slice(0, length))) return text.length - length;
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
