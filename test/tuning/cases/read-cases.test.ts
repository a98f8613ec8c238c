import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readCases } from '../../../src/tuning/cases/read-cases.ts';
import { toCases } from '../../../src/tuning/cases/to-cases.ts';

const jsonl = (...rows: readonly unknown[]): string => rows.map((row) => JSON.stringify(row)).join('\n');

const ONE = [{ question: 'q', expected: 'a' }];

describe('the format is found', () => {
  test.each([
    ['a list', 'a.json', '[{"question": "q", "expected": "a"}]'],
    ['a list over several lines', 'a.json', '[\n{"question": "q",\n"expected": "a"}\n]\n'],
    ['cases in an object', 'a.json', '{"name": "mine", "cases": [{"question": "q", "expected": "a"}]}'],
    ['one case', 'a.json', '{\n  "question": "q",\n  "expected": "a"\n}'],
    ['one case that has a list', 'a.json', '{"question": "q", "expected": "a", "data": [1]}'],
    ['a list that is called JSONL', 'a.jsonl', '[\n{"question": "q", "expected": "a"}\n]'],
    ['JSONL that is called JSON', 'a.json', '{"question": "q", "expected": "a"}\n\n'],
    ['JSONL that is called CSV', 'a.csv', '{"question": "q", "expected": "a"}'],
    ['a byte order mark, CRLF and blank lines', 'a.jsonl', '\uFEFF\r\n{"question": "q", "expected": "a"}\r\n \r\n'],
    ['CSV', 'a.csv', 'question,expected\nq,a\n'],
    ['CSV in capitals, with spaces', 'a.txt', '\uFEFF Question , EXPECTED\r\n"q", "a"\r\n,\r\n\r\n'],
    ['CSV of a German Excel', 'a.csv', 'question;expected\nq;a\n'],
    ['TSV', 'a.tsv', 'question\texpected\nq\ta\n'],
    ['TSV that is called CSV', 'a.csv', 'question\texpected\nq\ta'],
    ['of two columns with one name, the first', 'a.csv', 'question,expected,Question,expected\nq,a,x,y\n'],
  ])('%s', (_, name, text) => {
    expect(readCases(text, name)).toEqual({ cases: ONE, warnings: [] });
  });
});

const cells = fc
  .string({ unit: 'grapheme', minLength: 1 })
  .filter((text) => /\S/.test(text) && !/[\p{C}\r\n]/u.test(text));
const rows = fc.array(fc.record({ question: cells, context: cells, expected: cells }), { minLength: 1, maxLength: 5 });
const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

test('all formats give the same cases', () => {
  fc.assert(
    fc.property(rows, fc.constantFrom('\n', '\r\n'), fc.constantFrom('', '\uFEFF'), (cases, end, mark) => {
      const table = (delimiter: string): string =>
        [['question', 'context', 'expected'], ...cases.map((row) => Object.values(row))]
          .map((row) => row.map(quoted).join(delimiter) + end)
          .join('');
      const texts = [
        JSON.stringify(cases),
        JSON.stringify({ cases }, null, 2),
        cases.map((row) => JSON.stringify(row) + end).join(end),
        table(','),
        table('\t'),
        table(';'),
      ];
      for (const text of texts) expect(readCases(mark + text, 'cases').cases).toEqual(cases);
    }),
  );
});

test('characters that no server accepts are replaced, and reported', () => {
  const read = readCases('{"question": "\\ud800 q", "context": "\\u0000", "expected": "a"}', 'a.jsonl');
  expect(read).toEqual({
    cases: [{ question: '\uFFFD q', context: '\uFFFD', expected: 'a' }],
    warnings: ['a.jsonl: there is 1 case with characters that are not valid text, replaced by U+FFFD'],
  });
});

test('a file in another encoding is reported', () => {
  expect(readCases('question,answer\ncaf\uFFFD,a\n', 'a.csv').warnings).toEqual([
    'a.csv: there are characters U+FFFD: the file may not be UTF-8',
  ]);
});

function where(index: number): string {
  return `cases[${index}]`;
}

test('cases that are given as objects are read in the same way, under their own names', () => {
  expect(toCases([...ONE, { question: '1 + 1?', answer: 2 }], where)).toEqual({
    cases: [...ONE, { question: '1 + 1?', expected: '2' }],
    warnings: [],
  });
  expect(() => toCases([...ONE, { question: 'q' }, 7], where)).toThrow(
    /^cases\[1\] has no expected answer \(its fields are question\); cases\[2\] is not an object with fields: 7$/,
  );
  expect(() => toCases([], where)).toThrow(/^there are no cases$/);
});

test('the columns of a file without a header are named in a warning', () => {
  expect(readCases('Largest?,Mars,Jupiter,Venus,Earth,B\n', 'a.csv').warnings).toEqual([
    'a.csv: there is no header; the columns were read as question, A, B, C, D, answer',
  ]);
});

test('a number that is an index and the text of another choice is reported', () => {
  const read = readCases(jsonl({ question: '0 + 1?', choices: ['1', '0', '2'], answer: '1' }), 'a.jsonl');
  expect(read.cases[0]?.expected).toBe('B');
  expect(read.warnings).toEqual([
    'a.jsonl: there is 1 case whose expected number is an index of a choice and the text of another: read as an index from 0',
  ]);
});

test('a label that is the text of another choice as well is no doubt', () => {
  const choices = { text: ['1', '0'], label: ['0', '1'] };
  const read = readCases(jsonl({ question: '0 + 1?', choices, answerKey: '1' }), 'a.jsonl');
  expect(read).toMatchObject({ cases: [{ expected: 'B' }], warnings: [] });
});

test('columns a and b alone are no choices', () => {
  const read = readCases(jsonl({ question: 'a + b?', a: 1, b: 2, answer: 3 }), 'a.jsonl');
  expect(read.cases).toEqual([{ question: 'a + b?', expected: '3' }]);
});

test('comparisons that differ by row suggest none', () => {
  const mixed = [
    { question: '1 + 1?', answer: '#### 2' },
    { question: '1 + 1?', choices: ['1', '2'], answer: 'B' },
  ];
  expect(readCases(jsonl(...mixed), 'a.jsonl').match).toBeUndefined();
});

test('what is expected is taken as it is, unlike a worked answer', () => {
  const read = readCases(jsonl({ question: 'q', expected: ' a \\boxed{b} #### 3' }), 'a.jsonl');
  expect(read.cases[0]?.expected).toBe(' a \\boxed{b} #### 3');
  expect(read.match).toBeUndefined();
});
