/**
 * The number that an answer ends with. In this order:
 *
 * 1. a number in the last `\boxed{…}` that has one
 * 2. in the last line that has numbers:
 *    a. after `answer is`, `answer:` or `####`: the first number, or the result if it begins a calculation (`5 + 3 = 8`)
 *    b. after the last "so", "thus", "hence" or "therefore", if numbers follow, else in the whole line:
 *       the first number after the last `=` or `≈`; else the last number in bold; else the last number
 */
import { boxedFromLast } from './boxed.ts';
import { numbersIn, plainNotation, type FoundNumber } from './numbers.ts';

/** Such as `answer is`, `answer to the second question is`, `**Answer:**`. */
const ANSWER = /\banswer\b[^.\n=:]{0,80}?(?:\b(?:is|are|equals)\b|[:=])|####/gi;
const CONCLUSION = /\b(?:so|thus|hence|therefore)\b/gi;
const EQUALS = /[=≈]/g;
/** Begins with its number, and is no heading and no number of a list (`**3.**`). */
const BOLD = /\*\*[-+$€£¥₩₹]*[\d.][^*\n]*(?<![.:)])\*\*/g;

/** How the number was found: `marked` means in a box, or after a sign that a result follows. */
export type FinalNumber = FoundNumber & { readonly isMarked: boolean };

export function finalNumber(text: string): FinalNumber | undefined {
  for (const boxed of boxedFromLast(text)) {
    const found = ofLine(boxed);
    if (found !== undefined) return { ...found, isMarked: true };
  }
  for (let end = text.length; end >= 0;) {
    const start = end === 0 ? 0 : text.lastIndexOf('\n', end - 1) + 1;
    const found = ofLine(text.slice(start, end));
    if (found !== undefined) return found;
    end = start - 1;
  }
  return undefined;
}

function ofLine(written: string): FinalNumber | undefined {
  if (!/[\d０-９]/.test(written)) return undefined;
  const line = plainNotation(written);
  const numbers = numbersIn(line);
  const last = numbers.at(-1);
  if (last === undefined) return undefined;
  const stated = firstAfterLast(ANSWER, line, numbers);
  if (stated !== undefined) return { ...resultOf(stated, line, numbers), isMarked: true };
  const concluding = endOfLast(CONCLUSION, line, last) ?? 0;
  const rest = numbers.filter(({ start }) => start >= concluding);
  const equal = firstAfterLast(EQUALS, line, rest);
  if (equal !== undefined) return { ...equal, isMarked: true };
  const bold = [...line.matchAll(BOLD)].at(-1);
  const inBold = bold && rest.find(({ start, end }) => start >= bold.index && end <= bold.index + bold[0].length);
  return { ...(inBold ?? last), isMarked: false };
}

/** Where the last sign ends that the last number stands behind. */
function endOfLast(sign: RegExp, line: string, last: FoundNumber): number | undefined {
  const ends = [...line.matchAll(sign)].map(({ index, 0: { length } }) => index + length);
  return ends.findLast((end) => end <= last.start);
}

function firstAfterLast(sign: RegExp, line: string, numbers: readonly FoundNumber[]): FoundNumber | undefined {
  const last = numbers.at(-1);
  const end = last && endOfLast(sign, line, last);
  return end === undefined ? undefined : numbers.find(({ start }) => start >= end);
}

/** Of a calculation, the number behind its last `=`: a word ends the calculation. */
function resultOf(first: FoundNumber, line: string, numbers: readonly FoundNumber[]): FoundNumber {
  const length = /\p{L}{2}/u.exec(line.slice(first.end))?.index ?? line.length;
  const inside = numbers.filter(({ start }) => start >= first.start && start < first.end + length);
  return firstAfterLast(EQUALS, line.slice(0, first.end + length), inside) ?? first;
}
