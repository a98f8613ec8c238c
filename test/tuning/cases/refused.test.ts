import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvalidInputError } from '../../../src/errors.ts';
import { readCases } from '../../../src/tuning/cases/read-cases.ts';

function refusal(text: string, name: string): InvalidInputError {
  try {
    readCases(text, name);
  } catch (error) {
    if (error instanceof InvalidInputError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('a wrong file is refused, with what to do', () => {
  test.each([
    ['empty', 'a.csv', '', 'a.csv is empty'],
    ['blank', 'a.jsonl', '\uFEFF \n\n', 'a.jsonl is empty'],
    ['an empty list', 'a.json', '[]', 'a.json: there are no cases'],
    ['only a header', 'a.csv', 'question,expected\n', 'a.csv: there are no cases'],
    ['other columns', 'a.csv', 'Id,foo\n1,2\n', 'a.csv has no column that is understood; the columns are Id, foo'],
    [
      'no answers',
      'a.jsonl',
      '{"question": "q", "id": 1}\n{"question": "q", "expected": "a"}\n{}\n{"question": "q", "answer": null}\n{"question": "q", "answer": " "}',
      'a.jsonl: line 1 has no expected answer (its fields are question, id); line 3 has no question (it has no fields); ' +
        'line 4 has answer: null, which is no answer; line 5 has no expected answer (its fields are question, answer)',
    ],
    [
      'a number that JSON has changed',
      'a.json',
      '{"question": "q", "answer": 12345678901234567891}',
      'a.json: case 1 has a number as answer whose last digits JSON has lost: write it as text',
    ],
    [
      'no objects',
      'a.json',
      '["q", null, [1]]',
      'a.json: case 1 is not an object with fields: "q"; case 2 is not an object with fields: null; case 3 is not an object with fields: [1]',
    ],
    [
      'a line that is no JSON',
      'a.jsonl',
      '{"question": "q", "expected": "a"}\n\n{"question": "q", expected: "a"}\n',
      'a.jsonl: line 3 is not valid JSON: {"question": "q", expected: "a"}',
    ],
    [
      'a first line that is no JSON',
      'a.jsonl',
      `{"question": "${'long '.repeat(20)}\n{"question": "q"}\n`,
      'a.jsonl: line 1 is not valid JSON: {"question": "long long long long long long long long long l…; line 2 has no expected answer (its fields are question)',
    ],
    [
      'broken JSON',
      'a.json',
      '[\n{"question": "q", "expected": "a"}\n{"question": "q"}\n]',
      'a.json is not valid JSON: comma expected in line 3, before {"question": "q"}',
    ],
    [
      'JSON that ends early',
      'a.json',
      '[\n{"question": "q"',
      'a.json is not valid JSON: close brace expected in line 2',
    ],
    [
      'rows of other lengths',
      'a.csv',
      'question,answer\nq,a\nq\n\nq,a,b\n',
      'a.csv: line 3 has 1 field, but there are 2 columns; line 5 has 3 fields, but there are 2 columns',
    ],
    [
      'a quote within a field',
      'a.csv',
      'question,answer\nq,\nq,a "b"\nq\n"q\n',
      'a.csv: line 2 has no expected answer (its fields are question, answer); line 3 has a quote where none can be; quotes within a field are doubled ("")',
    ],
    [
      'a quote that is not closed',
      'a.csv',
      'question,answer\nq,a\n"q,a\nq,a\n',
      'a.csv: line 3 or a later one opens a quote that is never closed',
    ],
    ['UTF-16', 'a.csv', '\uFFFD\uFFFDq\0u\0', 'a.csv is encoded as UTF-16'],
    ['UTF-16 without a mark', 'a.csv', 'q\0u\0e\0', 'a.csv is encoded as UTF-16'],
    ['Parquet', 'a.parquet', 'PAR1\u0015\0', 'a.parquet is a Parquet file, not a text'],
    ['Excel', 'a.csv', 'PK\u0003\u0004\0', 'a.csv is an Excel or ZIP file, not a text'],
    ['other bytes', 'a.bin', 'question,\0\0\0', 'a.bin is not a text: it contains NUL bytes'],
    [
      'choices that do not fit',
      'a.jsonl',
      [
        '{"question": "q", "choices": ["a", "b"], "answer": 2}',
        '{"question": "q", "choices": ["a"], "answer": 0}',
        '{"question": "q", "choices": "a, b", "answer": 0}',
        '{"question": "q", "choices": {"text": ["a", "b"], "label": ["A"]}, "answer": "A"}',
      ].join('\n'),
      'a.jsonl: line 1 expects "2", which is none of its 2 choices; line 2 has choices that are not 2 to 26, but 1; ' +
        'line 3 has choices that are no list of texts; line 4 has choices that are no list of texts',
    ],
    [
      'messages that do not fit',
      'a.jsonl',
      [
        '{"messages": "hi", "expected": "a"}',
        '{"messages": [{"role": "me", "content": "hi"}], "expected": "a"}',
        '{"messages": [{"role": "system", "content": "hi"}], "expected": "a"}',
        '{"messages": [{"role": "user", "content": [{"type": "image_url"}]}], "expected": "a"}',
      ].join('\n'),
      'a.jsonl: line 1 has messages that are no list; ' +
        'line 2 has a message without one of the roles system, developer, user, assistant, tool, function; ' +
        'line 3 has messages without a question of the user; line 4 has a message that is not text',
    ],
    [
      'texts that are none',
      'a.jsonl',
      '{"question": {"a": 1}, "expected": "a"}\n{"question": "q", "context": ["a"], "expected": "a"}',
      'a.jsonl: line 1 has a question that is not a text; line 2 has a context that is not a text',
    ],
  ])('%s', (_, name, text, message) => {
    const error = refusal(text, name);
    expect(error.message).toBe(message);
    expect(error.hint).toBeTruthy();
  });
});

test('of many wrong rows five are named, and the others counted', () => {
  const text = Array.from({ length: 1000 }, () => '{"question": "q"}').join('\n');
  expect(refusal(text, 'a.jsonl').message.split('; ')).toEqual([
    'a.jsonl: line 1 has no expected answer (its fields are question)',
    ...[2, 3, 4, 5].map((line) => `line ${line} has no expected answer (its fields are question)`),
    'and 995 more',
  ]);
});

test('a wrong row of a CSV is named by the line on which it begins', () => {
  const lines = fc.array(fc.constantFrom('q,a', '"q\nq",a', '"q\n\n""q""",a', '', ',', ' "q" , "a"'), { maxLength: 8 });
  fc.assert(
    fc.property(lines, lines, fc.constantFrom('\n', '\r\n'), (before, after, end) => {
      const text = ['question,answer', ...before, '"two\nlines",', ...after].join('\n').replaceAll('\n', end);
      const line = before.join('\n').split('\n').length + (before.length > 0 ? 2 : 1);
      expect(refusal(text, 'a.csv').message).toBe(
        `a.csv: line ${before.length > 0 ? line : 2} has no expected answer (its fields are question, answer)`,
      );
    }),
  );
});

test.each([
  [
    'HumanEval',
    {
      task_id: 'HumanEval/0',
      prompt: 'def add(a, b):\n',
      canonical_solution: '    return a + b\n',
      test: 'def check(candidate):\n    assert candidate(1, 2) == 3\n',
      entry_point: 'add',
    },
    'canonical_solution',
  ],
  [
    'MBPP',
    { task_id: 11, text: 'Add.', code: 'def add(a, b): ...', test_list: ['assert add(1, 2) == 3'] },
    'test_list',
  ],
  ['APPS', { question: 'Add.', solutions: '[]', input_output: '{}', starter_code: '' }, 'input_output'],
])('%s is refused', (_, row, column) => {
  expect(() => readCases(JSON.stringify([row, row]), 'bench.json')).toThrow(
    `bench.json is a code benchmark (it has the column ${column}): its answers are judged by running code, which thinkmeter does not do`,
  );
});

function endOf(text: string, name: string): string {
  try {
    readCases(text, name);
    return 'read';
  } catch (error) {
    return error instanceof InvalidInputError ? 'refused' : String(error);
  }
}

test('any text is read as cases, or refused with a message', () => {
  const parts = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    '"',
    ',',
    '\n',
    '\t',
    ';',
    'question',
    'answer',
    '"question": "q"',
    '1',
    '\0',
  );
  fc.assert(
    fc.property(
      fc.array(fc.oneof(parts, fc.string())),
      fc.constantFrom('a.csv', 'a.json', 'a.jsonl', 'a'),
      (texts, name) => {
        expect(endOf(texts.join(''), name)).toMatch(/^(?:read|refused)$/);
      },
    ),
    { numRuns: 1000 },
  );
});
