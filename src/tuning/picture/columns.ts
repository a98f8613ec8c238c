/** Text in the columns of a terminal, where some characters take two and some none. */
import { fitted } from './text-width.ts';

const TWO =
  /\p{Script=Han}|\p{Script=Hangul}|\p{Script=Hiragana}|\p{Script=Katakana}|\p{Emoji_Presentation}|[\u3000-\u303F\uFF01-\uFF60]/u;
const NONE = /\p{Mark}|\p{Format}|\p{Default_Ignorable_Code_Point}/u;

export function columnsOf(text: string): number {
  return Array.from(text, (each) => {
    if (NONE.test(each)) return 0;
    return TWO.test(each) ? 2 : 1;
  }).reduce<number>((sum, columns) => sum + columns, 0);
}

/** To the left; a negative width: to the right. */
export function padded(text: string, width: number): string {
  const room = ' '.repeat(Math.max(0, Math.abs(width) - columnsOf(text)));
  return width < 0 ? room + text : text + room;
}

export function fittedTo(text: string, width: number): string {
  return fitted(text.trimEnd(), (short) => columnsOf(short) <= width);
}

/** In lines, broken between words; a number stays with its `%`. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/ (?!%)/)) {
    const last = lines.at(-1);
    if (last !== undefined && columnsOf(`${last} ${word}`) <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(fittedTo(word, width));
  }
  return lines;
}
