import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvalidInputError } from '../../../src/errors.ts';
import { matcher } from '../../../src/tuning/match/matcher.ts';
import type { Match } from '../../../src/tuning/values.ts';

test.each<{ match: Match; expected: string; right: string[]; wrong: string[] }>([
  {
    match: 'number',
    expected: '1203',
    right: ['1,203', 'It is $1,203.00.', '1203 %', '= 1203', String.raw`\boxed{1203}`, '2406/2'],
    wrong: ['1204', '-1203', '1.203', 'none', ''],
  },
  { match: 'number', expected: '$1,203 in total', right: ['1203'], wrong: ['1202'] },
  { match: 'number', expected: 'x = 12', right: ['12'], wrong: ['1'] },
  { match: 'number', expected: '0.3', right: [`${0.1 + 0.2}`, '3/10', '.3'], wrong: ['0.30001'] },
  { match: 'number', expected: '0', right: ['0.00', '-0'], wrong: ['0.0000001', ''] },
  // a double holds 15 to 17 digits
  {
    match: 'number',
    expected: '12345678901234567891',
    right: ['12,345,678,901,234,567,891', '012345678901234567891.0'],
    wrong: ['12345678901234567890'],
  },
  {
    match: 'exact',
    expected: 'San José',
    right: ['san José.', '  San \n José ', 'San Jose\u0301'],
    wrong: ['San Jose', 'It is San José', ''],
  },
  { match: 'contains', expected: 'San José.', right: ['It is  san jose\u0301, I think.'], wrong: ['San', ''] },
  { match: 'regex', expected: String.raw`^yes\b.*\p{Lu}+$`, right: ['Yes,\nit IS\n'], wrong: ['oh yes'] },
  // an identity escape is an error with flag `u`
  { match: 'regex', expected: String.raw`a\-b`, right: ['A-B'], wrong: ['ab'] },
  { match: 'choice', expected: 'B', right: ['(b)', 'The answer is B.'], wrong: ['C', 'A or so', ''] },
  { match: 'choice', expected: '(b).', right: ['B'], wrong: ['A'] },
  { match: 'choice', expected: '0', right: ['A'], wrong: ['B', '0'] },
  { match: 'choice', expected: '25', right: ['Z'], wrong: ['Y'] },
  {
    match: 'json',
    expected: '{"a": 1, "b": [1, {"c": null}]}',
    right: [
      '{"b":[1.0,{"c":null}],"a":1}',
      'Here you are:\n```json\n{"b": [1, {"c": null}], "a": 1e0}\n```\nDone.',
      'It [really] is {"a": 1, "b": [1, {"c": null}]}, not {}.',
    ],
    wrong: ['{"a": 1}', '{"a": 1, "b": [{"c": null}, 1]}', '{"a": "1", "b": [1, {"c": null}]}', '[1]', '{', ''],
  },
  { match: 'json', expected: '{"a": "}"}', right: ['so {"a": "}"}.'], wrong: ['so {"a": "]"}.'] },
  { match: 'json', expected: '[]', right: ['[]', 'an empty list: []', '```\n[]'], wrong: ['{}', '[0]'] },
  // within prose, every digit would be one
  { match: 'json', expected: '42', right: ['42', ' 42.0 ', '```\n42\n```'], wrong: ['"42"', 'It is 42'] },
  { match: 'json', expected: 'null', right: ['null'], wrong: ['false', ''] },
])('$match: $expected', ({ match, expected, right, wrong }) => {
  const isRight = matcher(match, expected);
  expect(right.filter((answer) => !isRight(answer))).toEqual([]);
  expect(wrong.filter((answer) => isRight(answer))).toEqual([]);
});

test('a tolerance is how far a number may be off, its ends included', () => {
  const isRight = matcher('number', '3.14', { tolerance: 0.01 });
  expect(['3.14', '3.15', '3.13', '22/7', '3.16', '3'].map(isRight)).toEqual([true, true, true, true, false, false]);
});

describe('an expected answer that nothing can equal is refused', () => {
  test.each<[Match, string, RegExp]>([
    ['number', 'abc', /^expected is "abc", which contains no number$/],
    ['number', '(1, 2)', /is not one number$/],
    ['number', String.raw`3\sqrt{2}`, /is not one number$/],
    ['number', String.raw`2\pi`, /is not one number$/],
    ['exact', ' . ', /has no text to compare$/],
    ['contains', '', /has no text to compare$/],
    ['regex', '', /matches every answer$/],
    ['regex', '(', /^expected is "\(", which is not a regular expression: unterminated group$/],
    ['regex', '[z-a]', /range out of order in character class$/],
    ['choice', 'Paris', /is not a letter of a choice$/],
    ['choice', '26', /is not a letter of a choice$/],
    ['json', '{a: 1}', /is not JSON$/],
    ['json', 'a'.repeat(500), /^.{0,120}$/],
  ])('%s: %s', (match, expected, message) => {
    const refused = (): unknown => matcher(match, expected);
    expect(refused).toThrow(InvalidInputError);
    expect(refused).toThrow(message);
  });
});

test.each([
  ['exponential', '(a+)+$', `${'a'.repeat(60)}!`],
  ['cubic', '.*x.*y.*z', 'x'.repeat(30_000)],
])('a pattern that backtracks without end (%s) is no match', (_, pattern, answer) => {
  expect(matcher('regex', pattern)(answer)).toBe(false);
});

test('a pattern is searched in the last 20,000 characters', () => {
  const isRight = matcher('regex', 'start|end');
  expect(isRight(`start${'.'.repeat(20_000)}`)).toBe(false);
  expect(isRight(`${'.'.repeat(20_000)}end`)).toBe(true);
});

test.each(['[', '{"a":', '```\n', '[]', '```'])('a model that repeats %j without end is compared as well', (text) => {
  expect(matcher('json', '{"a": 1}')(`${text.repeat(50_000)}"}`)).toBe(false);
});

test('a text equals itself, however it is written', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1 }).filter((value) => /\p{L}/u.test(value));
  fc.assert(
    fc.property(text, fc.constantFrom('NFC', 'NFD'), fc.constantFrom('', ' ', '\n'), (value, form, space) => {
      const answer = `${space}${value.normalize(form)}${space}`;
      expect(matcher('exact', value)(answer)).toBe(true);
      expect(matcher('contains', value)(answer)).toBe(true);
    }),
  );
});

function reversed(_: string, value: unknown): unknown {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? Object.fromEntries(Object.entries(value).toReversed()) : value;
}

test('a JSON value equals itself in any order of keys, and is found in prose', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
      const isRight = matcher('json', JSON.stringify(value));
      const other = JSON.stringify(value, reversed, 2);
      expect(isRight(other)).toBe(true);
      expect(isRight(`Here it is: ${other}\nDone.`)).toBe(true);
      expect(isRight(JSON.stringify({ ...value, more: [value] }))).toBe(false);
    }),
  );
});
