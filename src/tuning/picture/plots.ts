/** The two plots: accuracy with its interval as points, mean latency as bars. */
import type { BudgetFigures } from '../values.ts';
import { ACCURACY, columnsFor, LATENCY, MARGIN, PLOTS, WIDTH, type Columns } from './frame.ts';
import { drawn, rounded, within, withoutOverlaps, type Label } from './label.ts';
import { accuracyScale, latencyScale, placed, type Scale } from './scale.ts';
import { duration, percent } from './words.ts';

/** Twelve labels `100.0 %` fit beside each other. */
const SIZE = 11;
/** From a point or a bar to its label. */
const ABOVE = 6;
const DOT = 4.5;
const CAP = 5;
const WIDEST_BAR = 34;

type Plot = { readonly top: number; readonly bottom: number };

/** `important`: an order of the indexes, by which labels are left out where there is no room for all. */
export type Drawing = { readonly budgets: readonly BudgetFigures[]; readonly important: readonly number[] };

export function accuracyPlot({ budgets, important }: Drawing): string[] {
  const columns = columnsFor(budgets.length);
  const points = budgets
    .map((figures, index) => ({ ...figures, index, x: rounded(columns.x(index)) }))
    .filter(({ accuracy, accuracy_low: low, accuracy_high: high }) => [accuracy, low, high].every(Number.isFinite));
  const scale = accuracyScale(points.flatMap((each) => [each.accuracy, each.accuracy_low, each.accuracy_high]));
  const y = (share: number): number => rounded(placed(share, scale, ACCURACY.bottom, ACCURACY.top));
  const reference = points.find(({ budget }) => budget === null);
  const labels = points.map(({ accuracy, accuracy_high: high, index, x }) =>
    above(percent(accuracy, 1), x, Math.min(y(high), y(accuracy) - DOT), index),
  );
  const line = points.map(({ accuracy, x }) => `${x},${y(accuracy)}`).join(' ');
  return [
    ...axis(scale, ACCURACY),
    ...(reference === undefined
      ? []
      : [horizontal(y(reference.accuracy), 'accuracy-line', 'stroke-width="1" stroke-dasharray="5 4"')]),
    ...(points.length > 1 ? [`<polyline class="accuracy-line" points="${line}" stroke-width="1.5"/>`] : []),
    ...points.map(({ accuracy_low: low, accuracy_high: high, x }) => whisker(x, y(low), y(high))),
    ...points.map(({ accuracy, x }) => `<circle class="accuracy" cx="${x}" cy="${y(accuracy)}" r="${DOT}"/>`),
    ...chosen(labels, important),
  ];
}

export function latencyPlot({ budgets, important }: Drawing): string[] {
  const columns = columnsFor(budgets.length);
  const bars = budgets
    .map(({ latency_ms: ms }, index) => ({ ms, index, x: columns.x(index) }))
    .filter(({ ms }) => Number.isFinite(ms));
  const scale = latencyScale(bars.map(({ ms }) => ms));
  const y = (ms: number): number => placed(ms, scale, LATENCY.bottom, LATENCY.top);
  const labels = bars.map(({ ms, index, x }) => above(duration(ms), x, y(ms), index));
  return [...axis(scale, LATENCY), ...bars.map(({ ms, x }) => bar(x, y(ms), columns)), ...chosen(labels, important)];
}

/** The interval, with a cap at either end. */
function whisker(x: number, low: number, high: number): string {
  const ends = [low, high].map((y) => `M${rounded(x - CAP)} ${y}H${rounded(x + CAP)}`).join('');
  return `<path class="accuracy-line" d="M${x} ${low}V${high}${ends}" stroke-width="1.5"/>`;
}

/** At least one unit high, so that the shortest latency is seen. */
function bar(x: number, top: number, { spacing }: Columns): string {
  const width = Math.min(WIDEST_BAR, spacing * 0.55);
  const height = Math.max(1, LATENCY.bottom - top);
  const place = `x="${rounded(x - width / 2)}" y="${rounded(LATENCY.bottom - height)}"`;
  return `<rect class="latency" ${place} width="${rounded(width)}" height="${rounded(height)}"/>`;
}

type Indexed = { readonly index: number; readonly label: Label };

function above(text: string, x: number, top: number, index: number): Indexed {
  const label = { text, x, y: top - ABOVE, size: SIZE, anchor: 'middle', role: 'ink', isOverLines: true } as const;
  return { index, label: within(label, PLOTS.left, WIDTH - 4) };
}

function chosen(labels: readonly Indexed[], important: readonly number[]): string[] {
  const ordered = important.flatMap((index) => labels.filter((each) => each.index === index));
  return withoutOverlaps(ordered.map(({ label }) => label)).map(drawn);
}

function axis(scale: Scale, { top, bottom }: Plot): string[] {
  return scale.ticks.flatMap(({ value, text }) => {
    const y = rounded(placed(value, scale, bottom, top));
    const label = { text, x: PLOTS.left - 8, y: y + 4, size: SIZE, anchor: 'end', role: 'muted' } as const;
    return [horizontal(y, 'grid-line', 'stroke-width="1"'), drawn(within(label, MARGIN / 2, PLOTS.left - 8))];
  });
}

function horizontal(y: number, role: string, stroke: string): string {
  return `<path class="${role}" d="M${PLOTS.left} ${y}H${PLOTS.right}" ${stroke}/>`;
}
