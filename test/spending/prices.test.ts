/** What runs cost. */
import { expect, test } from 'vitest';
import { costOf, costText, roundedCost } from '../../src/spending/prices.ts';
import { NO_USE } from '../../src/spending/use.ts';

const use = {
  ...NO_USE,
  promptTokens: 2_000_000,
  thinkingTokens: 900_000,
  otherTokens: 100_000,
  answerTokens: 500_000,
  busyMs: 1_800_000,
};

test.each([
  { name: 'nothing is set', prices: {}, cost: undefined },
  { name: 'it is free', prices: { thinking: 0 }, cost: 0 },
  { name: 'each kind has its price', prices: { prompt: 1, thinking: 10, answer: 4 }, cost: 14 },
  { name: 'markers and what came after a cut cost as thinking does', prices: { thinking: 1 }, cost: 1 },
  { name: 'half an hour of a GPU', prices: { gpuHour: 3 }, cost: 1.5 },
  { name: 'tokens and hours are added', prices: { prompt: 1, gpuHour: 3 }, cost: 3.5 },
])('$name', ({ prices, cost }) => {
  expect(costOf(use, prices)).toBe(cost);
});

test.each([
  [0, '0.00'],
  [12.345, '12.35'],
  [0.01, '0.01'],
  [0.001234, '0.0012'],
  [0.0000001234, '1.2e-7'],
])('%d is written as %s', (cost, text) => {
  expect(costText(cost)).toBe(text);
});

test('rounding keeps six digits', () => {
  expect([roundedCost(1.23456789), roundedCost(0.0000123456789)]).toEqual([1.23457, 0.0000123457]);
});
