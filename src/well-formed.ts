/**
 * Characters that a text cannot contain. Callers cut texts by UTF-16 units and leave half of a surrogate pair, which
 * has no UTF-8 form: servers in Python refuse the request. Control characters come from terminals and binary files,
 * and some tokenizers end a text at NUL.
 *
 * Replaced by U+FFFD: lone surrogates, and U+0000 to U+001F except tab, line feed and carriage return. A byte order
 * mark (U+FEFF) stays: it is a valid character, and servers accept it.
 */
// oxlint-disable-next-line no-control-regex -- control characters are its subject
const MALFORMED = /[\p{Surrogate}\u0000-\u0008\u000B\u000C\u000E-\u001F]/gu;

/** A text, or a list that may contain texts; and how many characters were replaced. Other values stay as they are. */
export function replaceMalformed(value: unknown): { readonly value: unknown; readonly count: number } {
  if (Array.isArray(value)) {
    const items = value.map((item) => replaceMalformed(item));
    return { value: items.map((item) => item.value), count: items.reduce((sum, { count }) => sum + count, 0) };
  }
  if (typeof value !== 'string') return { value, count: 0 };
  let count = 0;
  const text = value.replaceAll(MALFORMED, () => {
    count++;
    return '\uFFFD';
  });
  return { value: text, count };
}
