/** Accuracy against the budget as an SVG, readable on light and dark pages. */
import { rounded } from '../../src/tuning/picture/label.ts';
import { escaped } from '../../src/tuning/picture/markup.ts';

export type Point = {
  /** in tokens, above 0 */
  readonly budget: number;
  /** share of right answers, 0 to 1 */
  readonly right: number;
  /** mean thinking tokens */
  readonly thought: number;
};

export type Series = { readonly name: string; readonly points: readonly Point[] };

const [WIDTH, HEIGHT] = [720, 360];
const PLOT = { left: 56, right: 700, top: 56, bottom: 310 } as const;
/** One color for each series, with enough contrast on white and on black. */
const COLORS = ['#2da44e', '#d4661c'] as const;

const STYLE = `
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.axis { stroke: #d1d9e0 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .axis { stroke: #3d444d } }`;

/** Both series have the same budgets, which are drawn at equal distances. Each point shows the mean thinking tokens. */
export function toPicture(title: string, series: readonly [Series, Series]): string {
  const budgets = series[0].points.map(({ budget }) => budget);
  const x = (budget: number): number =>
    PLOT.left + ((budgets.indexOf(budget) + 0.5) / budgets.length) * (PLOT.right - PLOT.left);
  const y = (right: number): number => PLOT.bottom - right * (PLOT.bottom - PLOT.top);
  const lines = [0, 0.25, 0.5, 0.75, 1].map(
    (share) =>
      `<line class="axis" x1="${PLOT.left}" x2="${PLOT.right}" y1="${y(share)}" y2="${y(share)}"/>` +
      text({ x: PLOT.left - 8, y: y(share) + 4, anchor: 'end' }, `${share * 100} %`),
  );
  const labels = budgets.map((budget) => text({ x: x(budget), y: PLOT.bottom + 20, anchor: 'middle' }, String(budget)));
  const drawn = series.map(({ name, points }, index) => {
    const color = COLORS[index] ?? COLORS[0];
    const path = points.map(({ budget, right }) => `${rounded(x(budget))},${rounded(y(right))}`).join(' ');
    const dots = points.map(({ budget, right, thought }) => {
      // labels of the two series lie on different sides of their lines
      const place = { x: x(budget), y: y(right) + (index === 0 ? 22 : -10), anchor: 'middle' };
      return `<circle cx="${rounded(x(budget))}" cy="${rounded(y(right))}" r="4" fill="${color}"/>${text(place, thought.toFixed(0))}`;
    });
    const key = { x: PLOT.left + 18 + index * 300, y: 34, anchor: 'start' };
    return [
      `<polyline points="${path}" fill="none" stroke="${color}" stroke-width="2"/>`,
      ...dots,
      `<circle cx="${key.x - 10}" cy="30" r="5" fill="${color}"/>${text(key, name)}`,
    ].join('\n');
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">`,
    `<style>${STYLE}</style>`,
    text({ x: PLOT.left, y: 16, anchor: 'start' }, title),
    ...lines,
    ...labels,
    text(
      { x: (PLOT.left + PLOT.right) / 2, y: HEIGHT - 8, anchor: 'middle' },
      'thinking budget in tokens; at each point: mean tokens thought',
    ),
    ...drawn,
    '</svg>\n',
  ].join('\n');
}

type Place = { readonly x: number; readonly y: number; readonly anchor: string };

function text({ x, y, anchor }: Place, words: string): string {
  return `<text x="${rounded(x)}" y="${rounded(y)}" text-anchor="${anchor}">${escaped(words)}</text>`;
}
