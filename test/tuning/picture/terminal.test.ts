import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { bar } from '../../../src/tuning/picture/bar.ts';
import { columnsOf, wrapped } from '../../../src/tuning/picture/columns.ts';
import { toTerminal } from '../../../src/tuning/picture/terminal.ts';
import { anyResult, sampleResult, usualResult } from './samples.ts';

const width = fc.integer({ min: 60, max: 160 });

test('a table, the recommended budget marked, and the recommendation in a sentence', () => {
  const lines = toTerminal(sampleResult({ budgets: 8 }), { width: 80, color: false });
  expect(`\n${lines.join('\n')}\n`).toMatchInlineSnapshot(`
    "
    nvidia/NVIDIA-Nemotron-Nano-9B-v2 · 200 cases · 1 repeat

         budget accuracy  95 % 0                      100 % tokens closed  sec saves
             32   42.0 % 38–46 ███████████▓░                     0    0 % 0.41 100 %
             64   61.4 % 57–65 ████████████████▓░               13   14 % 0.64  98 %
            128   75.4 % 71–79 ████████████████████▓░           54   29 % 1.00  92 %
    ▶       256   84.7 % 81–89 ███████████████████████▓░       121   43 % 1.56  82 %
            512   90.4 % 86–94 ████████████████████████▓░      216   57 % 2.44  67 %
           1024   93.3 % 89–97 █████████████████████████▓░     337   71 % 3.81  49 %
           2048   94.3 % 90–98 █████████████████████████▓░░    485   86 % 5.95  27 %
      unlimited   94.5 % 90–98 █████████████████████████▓░░    660  100 % 9.30   0 %

    256 thinking tokens lose 0.4 points and save 61 % of unlimited thinking.

    █ up to the lower end of the 95 % interval, ▓ up to the accuracy, ░ up to the
    upper end. Tokens and seconds are means; closed: thinking that the model ended
    by itself; saving: thinking tokens that it needed less than unlimited.
    "
  `);
});

test('without a recommendation no line is marked, and the sentence says why', () => {
  const result = sampleResult({ budgets: 5, recommended: null, casesNeeded: 640 });
  const text = toTerminal(result, { width: 100, color: false }).join('\n');
  expect(text).not.toContain('▶');
  expect(text).toContain('\nNot enough cases: about 440 more are needed to recommend a budget.\n');
});

test('no line is wider than the terminal, and without color there is no control character', () => {
  fc.assert(
    fc.property(anyResult, width, (result, columns) => {
      const lines = toTerminal(result, { width: columns, color: false });
      expect(lines.filter((line) => columnsOf(line) > columns)).toEqual([]);
      expect(lines.join('')).not.toMatch(/\p{Cc}/u);
    }),
  );
});

test('no number is cut off at the usual figures, and no cell shows what is not a number', () => {
  fc.assert(
    fc.property(usualResult, width, (result, columns) => {
      const lines = toTerminal(result, { width: columns, color: false });
      const rows = lines.slice(3, 3 + result.budgets.length);
      expect(rows.filter((row) => !/^(▶| ) +(\d+|unlimited) .* \d+ %$/.test(row))).toEqual([]);
      expect(lines.join('')).not.toMatch(/NaN|Infinity|undefined|…/);
    }),
  );
});

test('color changes no text', () => {
  fc.assert(
    fc.property(anyResult, width, (result, columns) => {
      const colored = toTerminal(result, { width: columns, color: true }).join('\n');
      // oxlint-disable-next-line no-control-regex -- escape codes are its subject
      const plain = colored.replaceAll(/\u001B\[[\d;]*m/g, '');
      expect(plain).toBe(toTerminal(result, { width: columns, color: false }).join('\n'));
      expect(colored).not.toBe(plain);
    }),
  );
});

test.each([
  { name: 'the interval in shades', accuracy: 0.5, low: 0.3, high: 0.7, drawn: '███▓▓░░' },
  { name: 'nothing for nothing', accuracy: 0, low: 0, high: 0, drawn: '' },
  { name: 'all for all', accuracy: 1, low: 1, high: 1, drawn: '██████████' },
  { name: 'nothing for what is not a number', accuracy: Number.NaN, low: Number.NaN, high: 0.2, drawn: '░░' },
  { name: 'no more than its width', accuracy: 2, low: -1, high: 3, drawn: '▓▓▓▓▓▓▓▓▓▓' },
])('a bar of 10 shows $name', ({ accuracy, low, high, drawn }) => {
  expect(bar({ accuracy, accuracy_low: low, accuracy_high: high }, 10)).toBe(drawn);
});

test('a character of East Asian scripts takes two columns, a combining one none', () => {
  expect([columnsOf('模型'), columnsOf('e\u0301'), columnsOf('a·–')]).toEqual([4, 1, 3]);
});

test('a line is broken between words, and a number stays with its %', () => {
  expect(wrapped('they save 61 % of it', 12)).toEqual(['they save', '61 % of it']);
});
