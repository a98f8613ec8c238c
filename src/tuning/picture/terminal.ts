/** A tuning in a terminal: a table whose bars show accuracy with its interval, and the recommendation in a sentence. */
import type { BudgetFigures, TuneResult } from '../values.ts';
import { bar, LEGEND } from './bar.ts';
import { columnsOf, fittedTo, padded, wrapped } from './columns.ts';
import { budgetName, casesAndRepeats, fixed, grouped, inOrder, oneLine, percent, verdict } from './words.ts';

/** `width`: columns of the terminal, 60 or more. */
export type TerminalLook = { readonly width: number; readonly color: boolean };

const STYLES = { dim: ['\u001B[2m', '\u001B[22m'], chosen: ['\u001B[1;32m', '\u001B[22;39m'] } as const;

const [LEAST_BAR, MOST_BAR] = [6, 50] as const;
const MARK = '▶ ';
const NO_MARK = '  ';

type Column = {
  readonly heading: string;
  readonly cell: (figures: BudgetFigures) => string;
};

const BEFORE_BAR: readonly Column[] = [
  { heading: 'budget', cell: ({ budget }) => budgetName(budget) },
  { heading: 'accuracy', cell: ({ accuracy }) => percent(accuracy, 1) },
  // without `%`: 60 columns leave no room for it
  {
    heading: '95 %',
    cell: ({ accuracy_low: low, accuracy_high: high }) => `${fixed(low * 100, 0)}–${fixed(high * 100, 0)}`,
  },
];

const AFTER_BAR: readonly Column[] = [
  { heading: 'tokens', cell: ({ thinking_tokens: tokens }) => fixed(tokens, 0) },
  { heading: 'closed', cell: ({ closed_share: share }) => percent(share, 0) },
  { heading: 'sec', cell: ({ latency_ms: ms }) => seconds(ms) },
  { heading: 'saves', cell: ({ saving }) => percent(saving, 0) },
];

export function toTerminal(result: TuneResult, { width, color }: TerminalLook): string[] {
  const budgets = inOrder(result.budgets);
  const cells = (columns: readonly Column[]): string[][] => [
    columns.map(({ heading }) => heading),
    ...budgets.map((figures) => columns.map(({ cell }) => cell(figures))),
  ];
  const [before, after] = [aligned(cells(BEFORE_BAR)), aligned(cells(AFTER_BAR))];
  const taken = columnsOf(MARK) + columnsOf(before[0] ?? '') + columnsOf(after[0] ?? '') + 2;
  const barWidth = Math.min(MOST_BAR, Math.max(LEAST_BAR, width - taken));
  const row = (index: number, mark: string, drawnBar: string): string =>
    fittedTo(`${mark}${before[index]} ${padded(drawnBar, barWidth)} ${after[index]}`, width);

  const heading = row(0, NO_MARK, scaleOf(barWidth));
  const rows = budgets.map((figures, index) => {
    const isChosen = figures.budget !== null && figures.budget === result.recommended?.budget;
    const line = row(index + 1, isChosen ? MARK : NO_MARK, bar(figures, barWidth));
    return isChosen ? styled(line, 'chosen', color) : line;
  });
  return [
    fittedTo(`${oneLine(result.model)} · ${casesAndRepeats(result)}`, width),
    '',
    styled(heading, 'dim', color),
    ...rows,
    '',
    ...wrapped(LEGEND, width).map((line) => styled(line, 'dim', color)),
    ...wrapped(`${verdict(result)}.`, width).map((line) =>
      styled(line, result.recommended === null ? undefined : 'chosen', color),
    ),
  ];
}

/** Numbers to the right, one column between the cells. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => columnsOf(row[column] ?? ''))));
  return rows.map((row) => row.map((cell, column) => padded(cell, -(widths[column] ?? 0))).join(' '));
}

function scaleOf(width: number): string {
  const ends = ['0', '100 %'] as const;
  const between = width - ends[0].length - ends[1].length;
  return between > 0 ? `${ends[0]}${' '.repeat(between)}${ends[1]}` : '';
}

/** Latencies of one table are compared, so that all have the same unit. */
function seconds(ms: number): string {
  const amount = ms / 1000;
  if (Math.abs(amount) >= 1e6) return grouped(amount);
  return fixed(amount, Math.abs(amount) < 9.995 ? 2 : 0);
}

function styled(line: string, style: keyof typeof STYLES | undefined, color: boolean): string {
  return color && style !== undefined ? `${STYLES[style][0]}${line}${STYLES[style][1]}` : line;
}
