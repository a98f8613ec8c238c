import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { finalNumber } from '../../../src/tuning/match/final-number.ts';

describe('notations', () => {
  test.each([
    ['1,203', 1203],
    ['1 203', 1203],
    ['1\u202F203', 1203],
    ["1'203", 1203],
    ['12,345,678.90', 12_345_678.9],
    ['1.203', 1.203],
    ['1.203,5', 1203.5],
    ['1.203.000', 1_203_000],
    ['3,5', 3.5],
    ['0,750', 0.75],
    ['.5', 0.5],
    ['(3,5)', 5],
    ['1,2,3', 3],
    ['$1,203.00', 1203],
    ['1203 €', 1203],
    ['USD1203', 1203],
    ['Rs.500', 500],
    ['12 %', 12],
    ['-5', -5],
    ['−5', -5],
    ['–5 °C', -5],
    ['-$5', -5],
    ['$-5', -5],
    ['x = - 3', -3],
    ['3-5', 5],
    ['x-5', 5],
    ['1.2e3', 1200],
    ['1.2 × 10^3', 1200],
    [String.raw`1.2 \times 10^{-3}`, 0.0012],
    ['2^10', 1024],
    ['3/4', 0.75],
    ['-3/4', -0.75],
    ['2 1/2 hours', 2.5],
    ['5 48/2', 24],
    [String.raw`\frac{3}{4}`, 0.75],
    [String.raw`-\dfrac{3}{4}`, -0.75],
    [String.raw`2\frac34`, 2.75],
    ['1{,}203', 1203],
    [String.raw`1,\!203`, 1203],
    [String.raw`1\,203`, 1203],
    [String.raw`$\$1,203$`, 1203],
    ['１２', 12],
    ['答案是12。', 12],
    ['**1203**', 1203],
    ['= 1203', 1203],
    ['1203.', 1203],
    ['72 m^2', 72],
    ['3 atoms of H2O', 3],
    ['$18/hour', 18],
  ])('%s is %d', (text, value) => {
    expect(finalNumber(text)?.value).toBeCloseTo(value, 12);
  });

  test.each(['', 'none', 'H2O', 'x_1 and m^2', '- . ,'])('%j has no number', (text) => {
    expect(finalNumber(text)).toBeUndefined();
  });
});

describe('of several numbers', () => {
  test.each([
    { name: 'a box is first', text: String.raw`\boxed{12} because 3 + 9 = 12, and 5 is odd`, value: 12 },
    { name: 'the last box is first', text: String.raw`\boxed{1}, no: \boxed{\text{about } 2}`, value: 2 },
    { name: 'a box without a number is passed over', text: String.raw`\boxed{7} \boxed{x}`, value: 7 },
    { name: 'an unclosed box is no box', text: String.raw`7 \boxed{12`, value: 12 },
    { name: 'braces in a box', text: String.raw`\boxed{\frac{1}{2}} of 9`, value: 0.5 },
    { name: 'only the last line with numbers counts', text: 'answer is 5\nIt takes 8 days.\nThat is all.', value: 8 },
    { name: 'a marker and the number on the next line', text: 'The answer is:\n\n**1,203.**', value: 1203 },
    { name: 'after "answer is"', text: 'The answer is 8 because 2 × 5 = 10.', value: 8 },
    { name: 'after "answer:"', text: '**Answer: 12 dollars** (3 × 4)', value: 12 },
    { name: 'words between', text: 'The answer to the second question is 7, not 9.', value: 7 },
    { name: 'a calculation after "answer is"', text: 'The answer is 5 + 3 = 8, or 2 fours.', value: 8 },
    { name: 'an unknown after "answer is"', text: 'The answer is x = 8.', value: 8 },
    { name: 'after the last equals sign', text: '3 × 4 = 12, 12 / 2 = 6 eggs for 4 people', value: 6 },
    { name: 'a conclusion after a calculation', text: '16 - 7 = 9, so she makes 18 dollars', value: 18 },
    { name: 'a calculation in a conclusion', text: '1 = 1, so 9 × 2 = 18 for 3 people', value: 18 },
    { name: 'a conclusion without numbers', text: '5 + 3 = 8, so that is it', value: 8 },
    { name: 'bold', text: '**8** apples in 4 baskets', value: 8 },
    { name: 'a bold number of a list is no result', text: '**3.** We get 12', value: 12 },
    { name: 'the end of a GSM8K solution', text: 'She sold 48/2 = 24 clips.\n#### 72', value: 72 },
  ])('$name', ({ text, value }) => {
    expect(finalNumber(text)?.value).toBe(value);
  });
});

/** Any number in any notation: how it is written, and what it is. */
const written = fc.oneof(
  fc.tuple(fc.integer({ min: -9_999_999, max: 9_999_999 }), fc.nat(999)).chain(([whole, thousandths]) => {
    const sign = whole < 0 ? '-' : '';
    const digits = String(Math.abs(whole));
    const grouped = (separator: string): string => digits.replaceAll(/\B(?=(\d{3})+$)/g, separator);
    const decimals = String(thousandths).padStart(3, '0');
    const value = Number(`${sign}${digits}.${decimals}`);
    const forms: readonly (readonly [string, number])[] = [
      [`${sign}${digits}`, whole],
      [`${sign}${grouped(',')}`, whole],
      [`${sign}${grouped(' ')}`, whole],
      [`${sign}${grouped('\u00A0')}`, whole],
      [`${sign}${grouped(String.raw`\,`)}`, whole],
      [`${sign}${grouped('{,}')}`, whole],
      [`${sign.replace('-', '−')}${grouped(',')}`, whole],
      [`${sign}${grouped(',')}.${decimals}`, value],
      [`${sign}$${grouped(',')}.${decimals}`, value],
      [`$${sign}${digits}.${decimals}`, value],
      [`${sign}${digits} %`, whole],
      [`${sign}${digits}%`, whole],
      [`**${sign}${grouped(',')}**`, whole],
      [`$${sign}${digits}$`, whole],
      [`\`${sign}${digits}\``, whole],
      [value.toExponential(), value],
      // two groups at least, or a decimal comma as well: otherwise English notation reads another number
      ...(digits.length > 3 ? [[`${sign}${grouped('.')},${decimals}`, value] as const] : []),
      ...(digits.length > 6 ? [[`${sign}${grouped('.')}`, whole] as const] : []),
    ];
    return fc.constantFrom(...forms);
  }),
  fc
    .tuple(fc.integer({ min: -999, max: 999 }), fc.integer({ min: 1, max: 999 }))
    .chain(([top, bottom]) =>
      fc.constantFrom(
        [`${top}/${bottom}`, top / bottom] as const,
        [`${top < 0 ? '-' : ''}\\frac{${Math.abs(top)}}{${bottom}}`, top / bottom] as const,
      ),
    ),
);

const sentences: readonly ((number: string) => string)[] = [
  (number) => number,
  (number) => ` ${number} `,
  (number) => `${number}.`,
  (number) => `= ${number}`,
  (number) => `So she has ${number} apples.`,
  (number) => `After 3 days, 4 of 12 people had ${number}.`,
  (number) => `The answer is ${number}.`,
  (number) => `The final answer is: ${number}, because 2 + 2 = 4 (see step 1).`,
  (number) => `Step 1: take 3.\nStep 2: add 4.\n\nAnswer: ${number}`,
  (number) => `x = 3, so 3 · y = ${number} in 5 days`,
  (number) => `Step 1: 12 apples.\n\n\\boxed{${number}}\n\nThis took 2 steps.`,
  (number) => `\\( \\boxed{x = ${number}\\text{ cm}^2} \\) = 4`,
  (number) => `#### ${number}\n`,
  (number) => `答えは${number}です。`,
];

test('any number in any notation is found in any sentence', () => {
  fc.assert(
    fc.property(written, fc.constantFrom(...sentences), ([number, value], sentence) => {
      expect(finalNumber(sentence(number))?.value).toBeCloseTo(value, 6);
    }),
    { numRuns: 1000 },
  );
});

test('any text is read without an error, and what is found is a number', () => {
  const parts = fc.constantFrom(
    '1',
    '23',
    '456',
    '0',
    ',',
    '.',
    ' ',
    '-',
    '/',
    '^',
    '{',
    '}',
    '\\boxed{',
    '\\frac',
    '=',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(parts, fc.string()), { maxLength: 20 }), (texts) => {
      expect(Number.isNaN(finalNumber(texts.join(''))?.value)).toBe(false);
    }),
    { numRuns: 1000 },
  );
});

test('a text with digits has a number, unless they belong to a name', () => {
  const parts = fc.constantFrom(
    '1',
    '23',
    '456',
    '0',
    ',',
    '.',
    ' ',
    '-',
    '/',
    '{',
    '}',
    '(',
    '=',
    '$',
    '%',
    '**',
    '\n',
  );
  fc.assert(
    fc.property(fc.array(parts), fc.array(parts), (before, after) => {
      expect(finalNumber(`${before.join('')}7${after.join('')}`)).toBeDefined();
    }),
    { numRuns: 1000 },
  );
});

test.each(['1', '1,', '1 ', '1/', '1.111', '- $', '\\boxed{', '\\frac{', 'answer ', '**1', 'so 1 ', '= ', '1\n'])(
  'a model that repeats %j without end is read as well',
  (text) => {
    const value = finalNumber(`${text.repeat(50_000)} 5`)?.value;
    expect(value).toBeDefined();
  },
);
