/** A tuning as a page of its own: one file that needs no network and no script, for screens and for paper. */
import type { TuneResult } from '../values.ts';
import { FIGURES } from './figures.ts';
import { escaped } from './markup.ts';
import { STYLE } from './report-style.ts';
import { toSvg } from './svg.ts';
import { budgetName, casesAndRepeats, fixed, grouped, inOrder, verdict } from './words.ts';

/** `madeAt`: when the tuning ended. */
export function toReport(result: TuneResult, madeAt: Date): string {
  const title = `Thinking budget for ${result.model}`;
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    // the page loads nothing, whatever a text in it asks for
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>${escaped(title)}</title>`,
    `<style>${STYLE}</style>`,
    '</head>',
    '<body>',
    '<main>',
    `<h1>${escaped(title)}</h1>`,
    `<p class="facts">${facts(result, madeAt).map(escaped).join(' · ')}</p>`,
    `<p class="verdict">${escaped(verdict(result))}.</p>`,
    ...warnings(result.warnings),
    `<figure>${toSvg(result, 'page')}</figure>`,
    '<h2>All figures</h2>',
    ...table(result),
    '<h2>What the columns mean</h2>',
    '<dl>',
    ...FIGURES.map(({ heading, meaning }) => `<dt>${escaped(heading)}</dt><dd>${escaped(meaning)}</dd>`),
    '</dl>',
    '<h2>What the tuning took</h2>',
    `<p>${escaped(cost(result))}</p>`,
    '</main>',
    '</body>',
    '</html>\n',
  ].join('\n');
}

function facts(result: TuneResult, madeAt: Date): string[] {
  const saved = result.saved_as === undefined ? [] : [`saved as profile ${result.saved_as}`];
  const day = Number.isNaN(madeAt.getTime()) ? [] : [madeAt.toISOString().slice(0, 10)];
  return [...day, casesAndRepeats(result), `tuning ${result.tuning_id}`, ...saved];
}

function warnings(texts: readonly string[]): string[] {
  if (texts.length === 0) return [];
  return ['<h2>Warnings</h2>', '<ul>', ...texts.map((text) => `<li>${escaped(text)}</li>`), '</ul>'];
}

/** In a region that scrolls by itself: a narrow screen has no room for all columns. */
function table(result: TuneResult): string[] {
  return [
    '<div class="scroll" role="region" aria-label="All figures" tabindex="0">',
    '<table>',
    `<caption>${escaped(casesAndRepeats(result))}; the recommended budget is marked</caption>`,
    `<thead><tr>${FIGURES.map(({ heading }) => `<th scope="col">${escaped(heading)}</th>`).join('')}</tr></thead>`,
    '<tbody>',
    ...inOrder(result.budgets).map((figures) => {
      const isChosen = figures.budget !== null && figures.budget === result.recommended?.budget;
      const name = `${isChosen ? '▶ ' : ''}${budgetName(figures.budget)}`;
      const note = isChosen ? '<span class="hidden"> (recommended)</span>' : '';
      const cells = FIGURES.slice(1).map(({ cell }) => `<td>${escaped(cell(figures))}</td>`);
      return `<tr${isChosen ? ' class="chosen"' : ''}><th scope="row">${escaped(name)}${note}</th>${cells.join('')}</tr>`;
    }),
    '</tbody>',
    '</table>',
    '</div>',
  ];
}

function cost({ tokens: { generated, naive } }: TuneResult): string {
  const times = naive / generated;
  const compared = Number.isFinite(times) && times > 1 ? `, ${fixed(times, 1)} times as many` : '';
  return `It generated ${grouped(generated)} tokens. Running each budget by itself would have taken ${grouped(naive)} tokens${compared}.`;
}
