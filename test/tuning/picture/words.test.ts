import { describe, expect, test } from 'vitest';
import { duration, fixed, inOrder, oneLine, percent, verdict } from '../../../src/tuning/picture/words.ts';
import type { Recommendation, TuneResult } from '../../../src/tuning/values.ts';
import { sampleResult } from './samples.ts';

test.each([
  { name: 'rounded to nothing, without a sign', value: -0.04, decimals: 1, text: '0.0' },
  { name: 'a true minus sign', value: -9.84, decimals: 1, text: '−9.8' },
  { name: 'a dash for what is no number', value: Number.NaN, decimals: 1, text: '–' },
  { name: 'a dash for what has no end', value: Number.POSITIVE_INFINITY, decimals: 0, text: '–' },
])('a number has $name', ({ value, decimals, text }) => {
  expect(fixed(value, decimals)).toBe(text);
});

test('a share that overflows as a percent is a dash', () => {
  expect(percent(0.9449, 1)).toBe('94.5 %');
  expect(percent(Number.MAX_VALUE, 0)).toBe('–');
});

test.each([
  [0, '0 ms'],
  [11.6, '12 ms'],
  [999.4, '999 ms'],
  [999.6, '1.0 s'],
  [9949, '9.9 s'],
  [9960, '10 s'],
  [300_000, '300 s'],
  [600_000, '10 min'],
  [7_200_000, '2.0 h'],
  [1e308, '> 9999 h'],
  [Number.NaN, '–'],
])('%d ms are %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

describe('the verdict', () => {
  const result = sampleResult({ budgets: 5 });
  const recommending = (recommended: Recommendation): TuneResult => ({ ...result, recommended });

  test.each([
    { budget: 256, loss_points: 0.4, saving: 0.61, text: '256 thinking tokens lose 0.4 points and save 61 %' },
    { budget: 0, loss_points: 0.04, saving: 1, text: 'No thinking loses nothing and saves 100 %' },
    { budget: 1, loss_points: -0.5, saving: 0.99, text: '1 thinking token gains 0.5 points and saves 99 %' },
    { budget: 64, loss_points: 0.4, saving: -0.1, text: '64 thinking tokens lose 0.4 points and save nothing' },
  ])('$text', ({ text, ...recommended }) => {
    expect(verdict(recommending(recommended))).toBe(`${text} of unlimited thinking`);
  });

  test('too few cases: how many more', () => {
    expect(verdict({ ...result, recommended: null, cases_needed: 640 })).toBe(
      'Not enough cases: about 440 more are needed to recommend a budget',
    );
  });

  test('too few cases by an estimate that is reached: at least one more', () => {
    expect(verdict({ ...result, recommended: null, cases_needed: 200 })).toContain('about 1 more is needed');
  });

  test('enough cases, and no budget is good enough', () => {
    expect(verdict({ ...result, recommended: null })).toBe('No budget comes close enough to unlimited thinking');
  });
});

test('budgets are in rising order, unlimited last', () => {
  const { budgets } = sampleResult({ budgets: 4 });
  expect(inOrder(budgets.toReversed())).toEqual(budgets);
});

test('a text from outside stays one line, and controls nothing', () => {
  expect(oneLine(' a\r\nb\u001B[31m\tc\u2028d ')).toBe('a b [31m c d');
  expect(oneLine('\u202Egnp\uD800')).toBe('\uFFFDgnp\uFFFD');
});
