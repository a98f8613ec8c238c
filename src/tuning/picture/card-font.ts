/** The font that is shipped for the PNG: `@expo-google-fonts/open-sans`, under the SIL Open Font License 1.1. */

export const CARD_FONT = 'Open Sans';

/** What it has: Latin, Greek, Cyrillic and Hebrew, and the punctuation of the picture. A part of its `cmap` table. */
const MISSING =
  /[^ -~\u00A0-\u017F\u0391-\u03A1\u03A3-\u03CE\u0400-\u0482\u048A-\u0513\u05D0-\u05EA–—‘’“”…€™−\uFFFD]+/gu;

/** With a replacement character for what the font would leave blank. */
export function drawable(text: string): string {
  return text.normalize('NFC').replaceAll(MISSING, '\uFFFD');
}
