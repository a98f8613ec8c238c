/** The figures of a tuning as a CSV file (RFC 4180), one row for each budget. */
import type { BudgetFigures, TuneResult } from '../values.ts';
import { FIGURES } from './figures.ts';
import { inOrder } from './words.ts';

export function toCsv({ budgets }: TuneResult): string {
  const rows = inOrder(budgets).map((figures) => FIGURES.map(({ name }) => cell(name, figures)));
  return [FIGURES.map(({ name }) => name), ...rows].map((row) => `${row.join(',')}\r\n`).join('');
}

/**
 * Only numbers and one fixed word: no cell needs quotes, and none is a formula to a spreadsheet. What is not a number
 * is left empty.
 */
function cell(name: keyof BudgetFigures, figures: BudgetFigures): string {
  const value = figures[name];
  if (value === null) return 'unlimited';
  return Number.isFinite(value) ? String(value) : '';
}
