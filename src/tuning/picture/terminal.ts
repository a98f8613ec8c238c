/** A tuning in a terminal: a table whose bars show accuracy with its interval, and the recommendation in a sentence. */
import type { BudgetFigures, TuneResult } from '../values.ts';
import { bar, LEGEND } from './bar.ts';
import { columnsOf, fittedTo, padded, wrapped } from './columns.ts';
import { budgetName, casesAndRepeats, fixed, grouped, inOrder, oneLine, percent, verdict } from './words.ts';

/** `width`: columns of the terminal, 60 or more. */
export type TerminalLook = { readonly width: number; readonly color: boolean };

const STYLES = { dim: ['\u001B[2m', '\u001B[22m'], chosen: ['\u001B[1;32m', '\u001B[22;39m'] } as const;

const [LEAST_BAR, MOST_BAR] = [6, 60] as const;
/** From this width on, headings are in full, and there is more space between columns. */
const WIDE = 100;
const MARK = '▶ ';
const NO_MARK = '  ';

type Column = {
  /** in a wide terminal, and in a narrow one */
  readonly headings: readonly [wide: string, narrow: string];
  readonly cell: (figures: BudgetFigures) => string;
};

const BEFORE_BAR: readonly Column[] = [
  { headings: ['budget', 'budget'], cell: ({ budget }) => budgetName(budget) },
  { headings: ['accuracy', 'accuracy'], cell: ({ accuracy }) => percent(accuracy, 1) },
  // without `%`: 60 columns leave no room for it
  {
    headings: ['95 % interval', '95 %'],
    cell: ({ accuracy_low: low, accuracy_high: high }) => `${fixed(low * 100, 0)}–${fixed(high * 100, 0)}`,
  },
];

const AFTER_BAR: readonly Column[] = [
  { headings: ['thinking tokens', 'tokens'], cell: ({ thinking_tokens: tokens }) => fixed(tokens, 0) },
  { headings: ['closed', 'closed'], cell: ({ closed_share: share }) => percent(share, 0) },
  { headings: ['seconds', 'sec'], cell: ({ latency_ms: ms }) => seconds(ms) },
  { headings: ['saving', 'saves'], cell: ({ saving }) => percent(saving, 0) },
];

export function toTerminal(result: TuneResult, { width, color }: TerminalLook): string[] {
  const budgets = inOrder(result.budgets);
  const isWide = width >= WIDE;
  const gap = ' '.repeat(isWide ? 2 : 1);
  const cells = (columns: readonly Column[]): string[][] => [
    columns.map(({ headings }) => headings[isWide ? 0 : 1]),
    ...budgets.map((figures) => columns.map(({ cell }) => cell(figures))),
  ];
  const [before, after] = [aligned(cells(BEFORE_BAR), gap), aligned(cells(AFTER_BAR), gap)];
  const taken = columnsOf(`${MARK}${before[0]}${gap}${gap}${after[0]}`);
  const barWidth = Math.min(MOST_BAR, Math.max(LEAST_BAR, width - taken));
  const row = (index: number, mark: string, middle: string): string =>
    fittedTo(`${mark}${before[index]}${gap}${padded(middle, barWidth)}${gap}${after[index]}`, width);
  const rows = budgets.map((figures, index) => {
    const isChosen = figures.budget !== null && figures.budget === result.recommended?.budget;
    const line = row(index + 1, isChosen ? MARK : NO_MARK, bar(figures, barWidth));
    return isChosen ? styled(line, 'chosen', color) : line;
  });
  const sentences = wrapped(`${verdict(result)}.`, width);
  return [
    fittedTo(`${oneLine(result.model)} · ${casesAndRepeats(result)}`, width),
    '',
    styled(row(0, NO_MARK, scaleOf(barWidth)), 'dim', color),
    ...rows,
    '',
    ...(result.recommended === null ? sentences : sentences.map((line) => styled(line, 'chosen', color))),
    '',
    ...wrapped(LEGEND, width).map((line) => styled(line, 'dim', color)),
  ];
}

/** Numbers to the right. */
function aligned(rows: readonly (readonly string[])[], gap: string): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => columnsOf(row[column] ?? ''))));
  return rows.map((row) => row.map((cell, column) => padded(cell, -(widths[column] ?? 0))).join(gap));
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

function styled(line: string, style: keyof typeof STYLES, color: boolean): string {
  return color ? `${STYLES[style][0]}${line}${STYLES[style][1]}` : line;
}
