/** A model that loops may write any number of boxes, closed or not. */
const MOST_BOXES = 100;
const LONGEST_CONTENT = 1000;

/** The contents of `\boxed{…}` and `\fbox{…}`, from the last to the first. Braces inside a content are balanced. */
export function* boxedFromLast(text: string): Generator<string> {
  for (const { index, 0: opening } of [...text.matchAll(/\\(?:boxed|fbox)\s?\{/g)].slice(-MOST_BOXES).toReversed()) {
    const start = index + opening.length;
    const length = lengthToClosingBrace(text.slice(start, start + LONGEST_CONTENT));
    if (length !== undefined) yield text.slice(start, start + length).trim();
  }
}

function lengthToClosingBrace(text: string): number | undefined {
  let depth = 1;
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index);
    if (character === '\\') index++;
    else if (character === '{') depth++;
    else if (character === '}') depth--;
    if (depth === 0) return index;
  }
  return undefined;
}
