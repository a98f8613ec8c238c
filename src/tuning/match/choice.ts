/**
 * The letter of a multiple-choice answer. In this order:
 *
 * 1. a letter in the last `\boxed{…}` that has one
 * 2. an answer that is only a letter: `B`, `b`, `(B)`, `B.`, `**B**`
 * 3. after the last "answer is", "answer:" or "correct option"
 * 4. a letter with `)`, `.` or `:` at the beginning of the answer, if no later line begins with another (a list of options)
 * 5. after the last "choose", "pick", "select", "option" or "choice"
 * 6. the last letter in brackets or bold; else the last capital letter that stands alone
 *
 * A capital that stands alone is no choice if it may be a word: "I", and "A" at the beginning of a sentence before
 * another word ("A dog …").
 */
import { boxedFromLast } from './boxed.ts';

/** Signs of Markdown, LaTeX and quotation around a letter, without brackets. */
const SIGNS = '[\\s*_`"\'“”‘’$\\\\{}]{0,8}';
/** A capital that is no word. */
const CAPITAL = "(?:[B-HJ-Z]|A(?! ?\\p{L})|(?<=\\p{Ll} )A|I(?! ?\\p{L}))(?![\\p{L}\\p{N}'’-]|\\.\\p{L})";
/** A letter in brackets, a capital, or a small letter at the end of its clause. */
const LETTER = `${SIGNS}(?:[([]${SIGNS}([A-Za-z])${SIGNS}[)\\]]|(${CAPITAL})|([a-z])(?=[*_"'”$}]{0,4}(?:[):,\\n]|\\.(?!\\p{L})|\\s*$)))`;

const ONLY = new RegExp(`^(?:${LETTER}|${SIGNS}([A-Za-z]))${SIGNS}[).:]?${SIGNS}$`, 'u');
const ANSWER = new RegExp(
  `\\b(?:[Aa]nswer|ANSWER|[Cc]orrect (?:option|choice|letter))(?: (?:option|choice))?\\b${SIGNS}` +
    `(?:(?:is|would be|must be|should be)\\b|[:=])?${SIGNS}(?:[:=]|(?:option|choice|letter)\\b)?${LETTER}`,
  'gu',
);
const CHOSEN = new RegExp(
  `\\b(?:[Cc]hoo?se|[Pp]ick(?:ed)?|[Ss]elect(?:ed)?|[Gg]o with|[Oo]ption|[Cc]hoice)\\b${SIGNS}:?(?: (?:option|choice)\\b)?${LETTER}`,
  'gu',
);
const BEGINS_LINE = /^[ \t]{0,8}[*_]{0,3}[([]?([A-Za-z])(?:[)\]]|[*_]{0,3}(?:[.:)](?!\p{L}\.)| [-–—] ))/gmu;
const MARKED = /[([]([A-Z])[)\]]|\*\*([A-Z])\*\*/g;
const ALONE = new RegExp(`(?<![\\p{L}\\p{N}'’.-])${CAPITAL}`, 'gu');

/** As a capital. */
export function chosenLetter(written: string): string | undefined {
  for (const boxed of boxedFromLast(written)) {
    const letter = ONLY.exec(plain(boxed)) ?? /^\(?([A-Z])\)[^)]*$/.exec(plain(boxed));
    if (letter !== null) return capital(letter);
  }
  const text = plain(written).trim();
  const only = ONLY.exec(text);
  if (only !== null) return capital(only);
  return (
    capital(lastOf(ANSWER, text)) ??
    first(text) ??
    capital(lastOf(CHOSEN, text)) ??
    capital(lastOf(MARKED, text)) ??
    lastOf(ALONE, text)?.[0]
  );
}

/** Without the LaTeX commands that set letters. */
function plain(text: string): string {
  return text.replaceAll(/\\(?:text|textbf|textit|mathrm|mathbf|rm|bf)\b\s?/g, '');
}

function first(text: string): string | undefined {
  const found = [...text.matchAll(BEGINS_LINE)];
  const letters = new Set(found.map(capital));
  return found[0]?.index === 0 && letters.size === 1 ? capital(found[0]) : undefined;
}

function lastOf(pattern: RegExp, text: string): RegExpMatchArray | undefined {
  return [...text.matchAll(pattern)].at(-1);
}

/** The group that took part. */
function capital(match: RegExpMatchArray | undefined): string | undefined {
  return match
    ?.slice(1)
    .find((letter) => letter !== undefined)
    ?.toUpperCase();
}
