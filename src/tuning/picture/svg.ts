/** The picture of a tuning as an SVG: accuracy and latency against the budget, and the recommendation. */
import type { TuneResult } from '../values.ts';
import { drawable } from './card-font.ts';
import { ACCURACY, columnsFor, HEIGHT, LATENCY, LINES, MARGIN, PLOTS, WIDTH } from './frame.ts';
import { drawn, rounded, within, withoutOverlaps, type Label } from './label.ts';
import { PICTURE_CLASS, styleOf, type Look } from './look.ts';
import { escaped } from './markup.ts';
import { accuracyPlot, latencyPlot } from './plots.ts';
import { budgetName, casesAndRepeats, inOrder, oneLine, verdict } from './words.ts';

const [LEFT, RIGHT] = [MARGIN, WIDTH - MARGIN] as const;
const WIDEST_MARK = 76;

export function toSvg(result: TuneResult, look: Look): string {
  const budgets = inOrder(result.budgets);
  const columns = columnsFor(budgets.length);
  const marked = budgets.findIndex(({ budget }) => budget !== null && budget === result.recommended?.budget);
  const important = byImportance(budgets.length, marked);
  const names = important.map((index): Label => {
    const role = index === marked ? 'recommended' : 'ink';
    return text(budgetName(budgets[index]?.budget ?? null), columns.x(index), LINES.budgets, {
      size: 11,
      anchor: 'middle',
      role,
    });
  });
  // a mark in the left half would cover headings there
  const isMarkLeft = marked >= 0 && columns.x(marked) < WIDTH / 2;
  const heading = (words: string, y: number, role: Label['role']): Label =>
    isMarkLeft ? text(words, PLOTS.right, y, { anchor: 'end', role }) : text(words, LEFT, y, { role });
  const hasReference = budgets.some(({ budget }) => budget === null);
  const lines = [
    text(look === 'card' ? drawable(result.model) : result.model, LEFT, LINES.title, { size: 17 }),
    text(
      `${casesAndRepeats(result)}${hasReference ? ' · dashed line: accuracy of unlimited thinking' : ''}`,
      LEFT,
      LINES.subtitle,
      { role: 'muted' },
    ),
    text(verdict(result), LEFT, LINES.verdict, { size: 13.5, role: marked >= 0 ? 'recommended' : 'ink' }),
    heading('accuracy, with its 95 % interval', ACCURACY.heading, 'accuracy'),
    heading('mean latency', LATENCY.heading, 'latency'),
    text('thinking budget in tokens', (PLOTS.left + PLOTS.right) / 2, LINES.axis, { anchor: 'middle', role: 'muted' }),
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="${PICTURE_CLASS}" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(summary(result))}">`,
    `<style>${styleOf(look)}</style>`,
    ...(look === 'card' ? [card()] : []),
    ...lines.map((label) => drawn(within(label, LEFT, RIGHT))),
    ...accuracyPlot({ budgets, important }),
    ...latencyPlot({ budgets, important }),
    ...withoutOverlaps(names.map((label) => within(label, MARGIN / 2, WIDTH - 4))).map(drawn),
    ...(marked < 0 ? [] : mark(columns.x(marked), columns.spacing, budgetName(budgets[marked]?.budget ?? null))),
    '</svg>\n',
  ].join('\n');
}

/** In words, for those who do not see the picture. */
export function summary(result: TuneResult): string {
  const model = oneLine(result.model);
  return `Accuracy and mean latency of ${model} by thinking budget, ${casesAndRepeats(result)}. ${verdict(result)}.`;
}

/** The recommended, the last (unlimited) and the first keep their labels, if there is no room for all. */
function byImportance(count: number, marked: number): number[] {
  const all = Array.from({ length: count }, (_, index) => index);
  return [...new Set([marked, count - 1, ...all])].filter((index) => index >= 0);
}

type Style = Partial<Pick<Label, 'size' | 'anchor' | 'role'>>;

function text(words: string, x: number, y: number, { size = 12, anchor = 'start', role = 'ink' }: Style = {}): Label {
  return { text: words, x, y, size, anchor, role };
}

/** A frame round the column of the recommended budget, through both plots, and its label. It lies over them and tints them. */
function mark(x: number, spacing: number, budget: string): string[] {
  const width = Math.min(WIDEST_MARK, spacing - 2);
  const [top, bottom] = [LINES.recommended + 5, LINES.budgets + 7];
  const place = `x="${rounded(x - width / 2)}" y="${top}" width="${rounded(width)}" height="${bottom - top}" rx="5"`;
  const label = text(`recommended: ${budget}`, x, LINES.recommended, { anchor: 'middle', role: 'recommended' });
  return [
    `<rect class="recommended" ${place} fill-opacity="0.1"/>`,
    `<rect class="recommended-line" ${place} stroke-width="1.5" stroke-dasharray="4 3"/>`,
    drawn(within(label, LEFT, RIGHT)),
  ];
}

/** A border, because the page around the card may be as light as the card. */
function card(): string {
  const place = `x="0.5" y="0.5" width="${WIDTH - 1}" height="${HEIGHT - 1}" rx="10"`;
  return `<rect class="ground" ${place}/>\n<rect class="grid-line" ${place}/>`;
}
