/** A text for comparing: Unicode NFC, lower case, each run of white space as one space, without a final full stop. */
export function normalised(text: string): string {
  return text
    .normalize('NFC')
    .toLowerCase()
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replace(/ ?[.。]$/, '');
}
