/** Accuracy against the budget as an SVG, readable on light and dark pages: one panel for each model. */
import { rounded } from '../../src/tuning/picture/label.ts';
import { escaped } from '../../src/tuning/picture/markup.ts';
import type { BudgetFigures } from '../../src/tuning/values.ts';

export type NativePoint = {
  readonly budget: number;
  /** share of right answers, 0 to 1 */
  readonly right: number;
  /** mean thinking tokens */
  readonly thought: number;
};

export type Panel = {
  readonly model: string;
  readonly cases: number;
  /** as `thinkmeter tune` measured them, by rising budget, unlimited last */
  readonly tuned: readonly BudgetFigures[];
  /** under the server's own budget field */
  readonly native: readonly NativePoint[];
};

const PANEL = { width: 440, height: 400, left: 76, right: 424, top: 64, bottom: 300 } as const;
/** With enough contrast on white and on black. */
const COLORS = { ours: '#2da44e', native: '#d4661c' } as const;

const STYLE = `
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.axis { stroke: #d1d9e0 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .axis { stroke: #3d444d } }`;

export function toPicture(panels: readonly Panel[]): string {
  const title = panels.map(({ model, cases }) => `${model}: right answers to ${cases} problems`).join('; ');
  const width = PANEL.width * panels.length;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${PANEL.height}" role="img" aria-label="${escaped(title)}">`,
    `<style>${STYLE}</style>`,
    ...panels.map((panel, index) => `<g transform="translate(${index * PANEL.width} 0)">\n${drawn(panel)}\n</g>`),
    '</svg>\n',
  ].join('\n');
}

/** Budgets are drawn at equal distances. */
function drawn({ model, cases, tuned, native }: Panel): string {
  const budgets = tuned.map(({ budget }) => budget);
  const x = (budget: number | null): number =>
    PANEL.left + ((budgets.indexOf(budget) + 0.5) / budgets.length) * (PANEL.right - PANEL.left);
  const y = (share: number): number => PANEL.bottom - share * (PANEL.bottom - PANEL.top);
  const grid = [0, 0.25, 0.5, 0.75, 1].map(
    (share) =>
      `<line class="axis" x1="${PANEL.left}" x2="${PANEL.right}" y1="${y(share)}" y2="${y(share)}"/>` +
      text({ x: PANEL.left - 8, y: y(share) + 4, anchor: 'end' }, `${share * 100} %`),
  );
  const isExceeded = native.some(({ thought, budget }) => thought > budget);
  const keys = [
    { color: COLORS.ours, name: 'thinkmeter, 95 % interval' },
    { color: COLORS.native, name: `the server's own field${isExceeded ? ', exceeded' : ''}` },
  ].map(
    ({ color, name }, index) =>
      `<circle cx="${PANEL.left + 6 + index * 190}" cy="38" r="5" fill="${color}"/>` +
      text({ x: PANEL.left + 16 + index * 190, y: 42, anchor: 'start' }, name),
  );
  const intervals = tuned.map(({ budget, accuracy_low: low, accuracy_high: high }) => {
    const at = rounded(x(budget));
    return `<line x1="${at}" x2="${at}" y1="${rounded(y(low))}" y2="${rounded(y(high))}" stroke="${COLORS.ours}" stroke-width="5" stroke-opacity="0.35"/>`;
  });
  const rows: readonly (readonly [name: string, value: (figures: BudgetFigures) => string])[] = [
    ['budget', ({ budget }) => String(budget ?? 'unlimited')],
    ['thought', ({ thinking_tokens: tokens }) => tokens.toFixed(0)],
    ['its own', ({ budget }) => native.find((point) => point.budget === budget)?.thought.toFixed(0) ?? ''],
    ['saving', ({ saving }) => `${(100 * saving).toFixed(0)} %`],
    ['latency', ({ latency_ms: ms }) => `${(ms / 1000).toFixed(2)} s`],
  ];
  const table = rows.flatMap(([name, value], row) => [
    text({ x: PANEL.left - 8, y: PANEL.bottom + 20 + row * 18, anchor: 'end' }, name),
    ...tuned.map((figures) =>
      text({ x: x(figures.budget), y: PANEL.bottom + 20 + row * 18, anchor: 'middle' }, value(figures)),
    ),
  ]);
  return [
    text({ x: PANEL.left, y: 18, anchor: 'start' }, `${model}: right answers to ${cases} problems`),
    ...keys,
    ...grid,
    ...intervals,
    line(
      COLORS.ours,
      tuned.map(({ budget, accuracy }) => [x(budget), y(accuracy)]),
    ),
    line(
      COLORS.native,
      native.map(({ budget, right }) => [x(budget), y(right)]),
    ),
    ...table,
  ].join('\n');
}

function line(color: string, points: readonly (readonly [number, number])[]): string {
  const path = points.map(([x, y]) => `${rounded(x)},${rounded(y)}`).join(' ');
  const dots = points.map(([x, y]) => `<circle cx="${rounded(x)}" cy="${rounded(y)}" r="4" fill="${color}"/>`);
  return [`<polyline points="${path}" fill="none" stroke="${color}" stroke-width="2"/>`, ...dots].join('\n');
}

type Place = { readonly x: number; readonly y: number; readonly anchor: string };

function text({ x, y, anchor }: Place, words: string): string {
  return words === ''
    ? ''
    : `<text x="${rounded(x)}" y="${rounded(y)}" text-anchor="${anchor}">${escaped(words)}</text>`;
}
