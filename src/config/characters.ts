/** Characters that come along when a value is copied, and that nobody sees. */

/**
 * Control and format characters, such as the zero-width space and the byte order mark. Line ends and tabs are seen, and
 * two joiners (U+200C, U+200D) are part of words in several scripts.
 */
export const INVISIBLE = /[^\P{Cc}\t\r\n]|[^\P{Cf}\u200C\u200D]/u;

/** Characters that an HTTP header cannot carry unchanged: all but printable ASCII. */
export const NOT_IN_A_HEADER = /[^\u0020-\u007E]/u;

const NAMES: Readonly<Record<string, string>> = {
  '\t': 'a tab',
  '\n': 'a line end',
  '\r': 'a carriage return',
  '\u00A0': 'a no-break space',
  '\u00AD': 'a soft hyphen',
  '\u200B': 'a zero-width space',
  '\u200D': 'a zero-width joiner',
  '\u2018': 'a curly quote',
  '\u2019': 'a curly quote',
  '\u201C': 'a curly quote',
  '\u201D': 'a curly quote',
  '\u2022': 'a bullet',
  '\u2026': 'an ellipsis',
  '\uFEFF': 'a byte order mark',
};

/** Where a value has its first such character, in words without the value: `U+200B (a zero-width space) at position 7`. */
export function locate(forbidden: RegExp, part: string, value: string): string | undefined {
  const found = forbidden.exec(part);
  if (found === null) return undefined;
  const before = value.slice(0, value.indexOf(part) + found.index);
  const [character] = found;
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  const name = NAMES[character];
  return `U+${code}${name === undefined ? '' : ` (${name})`} at position ${Array.from(before).length + 1}`;
}
