/**
 * Numbers as people and models write them. English notation wins where a text has two readings: `1.203` is 1.203, and
 * `1,203` is 1203. Read as well, where only one reading is a number:
 *
 * - groups of three: `1,203`, `1 203`, `1'203`, `1_203`, `1.203,5`, `1.203.000`; LaTeX: `1{,}203`, `1\,203`
 * - a decimal comma: `3,5`, `0,750`, `1203,5`; not inside a list (`1,2,3`) or behind a bracket (`(3,5)` is a pair)
 * - signs: `-5`, `−5` (U+2212), `–5`, `-$5`, `$-5`; `3-5` and `x-5` are 3 and 5, and 5
 * - `1.2e3`, `1.2 × 10^3`, `2^10`, `3/4`, `2 1/2`, `\frac{3}{4}`, full-width digits
 *
 * Units, percent and money signs beside a number are ignored: `12 %` is 12. Digits that belong to a name (`x1`, `H2O`,
 * `m^2`, `a_1`) are no numbers. Words such as "twelve" or "million" are not read.
 */
export type FoundNumber = {
  readonly value: number;
  /** all digits of a whole number without leading zeros: a double holds about 15; absent: no whole number */
  readonly digits: string | undefined;
  /** in the text of `plainNotation` */
  readonly start: number;
  readonly end: number;
};

/** Of scripts that put spaces between words: in others, a number directly follows a word. */
const LETTER = '\\p{Script=Latin}\\p{Script=Greek}\\p{Script=Cyrillic}';
const MONEY = '[$€£¥₩₹]';
const SPACE = "[ '’_\\u00A0\\u2009\\u202F]";

/** Not within another number, a name, an index or an exponent. A code of a currency may stand directly before. */
const BEFORE = `(?<![${LETTER}](?<!\\b(?:USD|EUR|GBP|JPY|KRW|CNY|INR|CHF))(?:_\\{?)?|\\^\\{?[-+]?|\\d)`;
const SIGN = `(?<sign>(?<![${LETTER}\\p{N})\\]}%])-(?:${MONEY} ?)?|(?<=${MONEY} ?)-|(?<=(?:[=≈:({] ?))- )?`;
const BODY = [
  '(?<whole>\\d{1,6})[ \\u00A0](?<part>\\d{1,3})/(?<parts>\\d{1,3})(?![\\d/])',
  '(?<commas>[1-9]\\d{0,2}(?:,\\d{3})+(?!,?\\d)(?:\\.\\d+)?)',
  `(?<spaces>[1-9]\\d{0,2}(?:${SPACE}\\d{3})+(?!${SPACE}?\\d)(?:[.,]\\d+)?)`,
  '(?<points>[1-9]\\d{0,2}(?:(?:\\.\\d{3})+,\\d+(?![.,]?\\d)|(?:\\.\\d{3}){2,}(?![.,]?\\d)))',
  '(?<![(\\[{]-?|\\d,)(?<comma>\\d+,\\d+)(?!,?\\d)',
  '(?<plain>\\d+(?:\\.\\d+)?|(?<![\\p{L}\\d])\\.\\d+)',
].join('|');
const TAIL =
  `(?:[eE](?<exponent>[-+]?\\d{1,4})(?![${LETTER}\\d])|\\s?[×·*x]\\s?10\\^\\{?(?<ten>[-+]?\\d{1,4})\\}?|\\^\\{?(?<power>[-+]?\\d{1,4})\\}?)?` +
  '(?:\\s?/\\s?(?<divisor>\\d{1,15}(?:\\.\\d{1,15})?)(?![\\d/]))?';
const NUMBER = new RegExp(`${BEFORE}${SIGN}(?:${BODY})${TAIL}`, 'gu');

const COMMANDS: Readonly<Record<string, string>> = { times: '×', cdot: '·', approx: '≈', div: '/', pi: 'π', sqrt: '√' };

/** LaTeX and full-width characters as plain ones. Positions change. */
export function plainNotation(text: string): string {
  return text
    .replaceAll(/[！-～]/g, (wide) => String.fromCodePoint((wide.codePointAt(0) ?? 0) - 0xfee0))
    .replaceAll(/[\u2212\u2013\uFE63]/g, '-')
    .replaceAll('\\!', '')
    .replaceAll('{,}', ',')
    .replaceAll(/\\[,;: ]|~/g, '\u00A0')
    .replaceAll(/\\([$%])/g, '$1')
    .replaceAll(
      /(\d)?\\[cdt]?frac\s?(?:\{\s?([-+]?[\d.]+)\s?\}|(\d))\s?(?:\{\s?([\d.]+)\s?\}|(\d))/g,
      (_, before?: string, top?: string, digit?: string, bottom?: string, under?: string) =>
        `${before === undefined ? '' : `${before} `}${top ?? digit}/${bottom ?? under}`,
    )
    .replaceAll(/\\([A-Za-z]+)/g, (_, command: string) => COMMANDS[command] ?? ' ');
}

/** All numbers of a text in plain notation, in order. */
export function numbersIn(text: string): FoundNumber[] {
  const found: FoundNumber[] = [];
  NUMBER.lastIndex = 0;
  for (let match = NUMBER.exec(text); match !== null; match = NUMBER.exec(text)) {
    const groups = match.groups ?? {};
    const { whole, part, parts } = groups;
    const isMixed = whole !== undefined && Number(part) < Number(parts);
    // "5 48/2" are two numbers: the second is read next
    if (whole !== undefined && !isMixed) NUMBER.lastIndex = match.index + match[0].indexOf(whole) + whole.length;
    const body = isMixed ? undefined : (whole ?? bodyOf(groups));
    const size = isMixed ? Number(whole) + Number(part) / Number(parts) : sizeOf(body ?? '', groups);
    const isNegative = groups['sign'] !== undefined;
    found.push({
      value: isNegative ? -size : size,
      digits: isWhole(body, groups) ? `${isNegative ? '-' : ''}${body?.replace(/^0+(?=\d)|\.0*$/g, '')}` : undefined,
      start: match.index,
      end: NUMBER.lastIndex,
    });
  }
  return found;
}

type Groups = Readonly<Record<string, string | undefined>>;

/** Digits with at most one point. */
function bodyOf({ commas, spaces, points, comma, plain }: Groups): string {
  if (commas !== undefined) return commas.replaceAll(',', '');
  if (points !== undefined) return points.replaceAll('.', '').replace(',', '.');
  return (spaces?.replaceAll(/[^\d.,]/g, '') ?? comma ?? plain ?? '').replace(',', '.');
}

function sizeOf(body: string, { exponent, ten, power, divisor }: Groups): number {
  const mantissa = Number(`${body}e${exponent ?? ten ?? 0}`);
  const raised = power === undefined ? mantissa : mantissa ** Number(power);
  return divisor === undefined || Number(divisor) === 0 ? raised : raised / Number(divisor);
}

function isWhole(body: string | undefined, { exponent, ten, power, divisor }: Groups): boolean {
  const isPlain = [exponent, ten, power, divisor].every((group) => group === undefined);
  return isPlain && body !== undefined && /^\d+(?:\.0*)?$/.test(body);
}
