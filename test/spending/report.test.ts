/** Sums by day, model and tool, with money and savings. */
import { expect, test } from 'vitest';
import { project, reportOf } from '../../src/spending/report.ts';
import { lineToJson, usageToJson } from '../../src/spending/report-json.ts';
import type { Spent } from '../../src/spending/spending.ts';
import { NO_USE } from '../../src/spending/use.ts';
import { spendingOf } from '../support/spending.ts';

const spent = (thinkingTokens: number, thinking: Spent['thinking'], more: Partial<Spent> = {}): Spent => ({
  model: 'nano',
  tool: 'reason',
  use: { ...NO_USE, promptTokens: 100, thinkingTokens, answerTokens: 50, totalMs: 2000, busyMs: 1000 },
  thinking,
  ...more,
});

const prices = { thinking: 10, answer: 10 };

test('a run returns its cost, and none without prices', () => {
  expect(spendingOf(prices).add(spent(150, 'closed'))).toBeCloseTo(0.002, 12);
  expect(spendingOf().add(spent(150, 'closed'))).toBeUndefined();
});

test('lines by tool, most thinking first, and their sum', async () => {
  const spending = spendingOf(prices);
  for (let run = 0; run < 3; run += 1) spending.add(spent(100, 'cut'));
  spending.add(spent(900, 'closed', { tool: 'execute_step' }));
  spending.add(spent(0, 'none', { tool: 'answer_fast' }));
  spending.add(spent(7, 'failed'));
  const { lines, total } = reportOf(await spending.rows('2026-11-27'), 'tool', prices);
  expect(lines.map(({ of, use }) => [of, use.calls, use.thinkingTokens])).toEqual([
    ['execute_step', 1, 900],
    ['reason', 4, 307],
    ['answer_fast', 1, 0],
  ]);
  expect(total).toMatchObject({
    use: { calls: 6, failedCalls: 1, cutCalls: 3, promptTokens: 600 },
    cutShare: 0.5,
    meanMs: 2000,
    callsPerMinute: 60,
  });
  expect(total.cost).toBeCloseTo(((1207 + 300) * 10) / 1e6, 12);
});

test('the saving is estimated from runs that closed, for each model and tool', async () => {
  const spending = spendingOf(prices);
  // half of the thinking takes 100 tokens, half would take 1000 and is cut at 100
  for (const thinking of ['closed', 'cut'] as const) spending.add(spent(100, thinking));
  spending.add(spent(1000, 'closed'));
  const { total } = reportOf(await spending.rows('2026-11-27'), 'day', prices);
  expect(total.saving).toMatchObject({ kind: 'estimated' });
  expect(total.saving?.tokens).toBeGreaterThan(0);
  expect(lineToJson(total)).toMatchObject({ saving: { kind: 'estimated', tokens: total.saving?.tokens } });
});

test('what calls with a profile saved is what its tuning has measured', async () => {
  const spending = spendingOf(prices);
  for (let run = 0; run < 4; run += 1) spending.add(spent(100, 'cut', { profileSaving: 0.6 }));
  const { total } = reportOf(await spending.rows('2026-11-27'), 'day', prices);
  expect(total.saving).toEqual({ kind: 'measured', tokens: 600, share: 0.6 });
  // one call without a profile makes the sum an estimate
  spending.add(spent(100, 'closed'));
  const mixed = reportOf(await spending.rows('2026-11-27'), 'day', prices).total.saving;
  expect(mixed).toMatchObject({ kind: 'estimated', tokens: 600 });
});

test('runs before the first day asked for are left out', async () => {
  const spending = spendingOf();
  spending.add(spent(1, 'closed'));
  expect(await spending.rows('2026-11-28')).toEqual([]);
});

test('a month is projected with the mix, the saving and the price of the report', () => {
  const line = {
    of: '',
    use: { ...NO_USE, thinkingTokens: 300_000, answerTokens: 100_000 },
    cost: 4,
    saving: { kind: 'estimated', tokens: 600_000, share: 2 / 3 },
  } as const;
  const month = project(line, 10_000_000);
  expect(month?.without.tokens).toBe(10_000_000);
  expect(month?.without.cost).toBeCloseTo(100, 6);
  expect(month?.with.tokens).toBeCloseTo(4_000_000, 3);
  expect(month?.with.cost).toBeCloseTo(40, 6);
  expect(project({ ...line, saving: undefined as never }, 10)).toBeUndefined();
});

test('the resource has the three groupings, and the prices', async () => {
  const spending = spendingOf(prices);
  expect(await usageToJson(spending)).toMatchObject({ days: 30, total: { calls: 0 }, by_day: [], by_model: [] });
  expect(await usageToJson(spending)).toMatchObject({ prices: { thinking_million: 10, answer_million: 10 } });
});
