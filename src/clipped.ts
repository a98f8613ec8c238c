/** A text for a message, of at most `most` UTF-16 units and an ellipsis. Half of a surrogate pair is not left behind. */
export function clipped(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most).replace(/[\uD800-\uDBFF]$/, '')}…` : text;
}
