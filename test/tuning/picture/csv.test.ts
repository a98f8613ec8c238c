import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { toCsv } from '../../../src/tuning/picture/csv.ts';
import { anyResult, sampleResult } from './samples.ts';

const HEADER =
  'budget,accuracy,accuracy_low,accuracy_high,difference,difference_low,difference_high,thinking_tokens,thinking_tokens_p95,closed_share,latency_ms,latency_ms_p95,saving';

test('one row for each budget under the names of the figures', () => {
  const figures = { ...sampleResult({ budgets: 3 }).budgets[2], latency_ms: 9300.5, saving: 0 };
  const lines = toCsv({ ...sampleResult({ budgets: 3 }), budgets: [figures as never] }).split('\r\n');
  expect(lines[0]).toBe(HEADER);
  expect(lines[1]).toMatch(/^unlimited,0\.94\d*,.*,660,1404,1,9300\.5,13950,0$/);
  expect(lines.slice(2)).toEqual(['']);
});

/** A row as a reader of RFC 4180 gets it, if no cell is in quotes. */
function rowsOf(csv: string): string[][] {
  expect(csv.endsWith('\r\n')).toBe(true);
  return csv
    .slice(0, -2)
    .split('\r\n')
    .map((line) => line.split(','));
}

test('every number comes back under its name; what is none is empty', () => {
  fc.assert(
    fc.property(anyResult, (result) => {
      const [header = [], ...rows] = rowsOf(toCsv(result));
      expect(rows).toHaveLength(result.budgets.length);
      const read = rows.map((row) => row.map((cell, column) => `${header[column]}=${cell}`).join());
      const written = result.budgets.map((figures) =>
        Object.entries(figures)
          .map(([name, value]) => `${name}=${value === null ? 'unlimited' : String(value)}`)
          .join()
          .replaceAll(/-?Infinity|NaN/g, ''),
      );
      // the order of budgets has a test of its own
      expect(new Set(read)).toEqual(new Set(written));
    }),
  );
});

test('no cell is a formula or a text from outside', () => {
  fc.assert(
    fc.property(anyResult, (result) => {
      const cells = rowsOf(toCsv(result)).slice(1).flat();
      expect(cells.filter((cell) => !/^(unlimited|-?\d+(\.\d+)?(e[+-]\d+)?|)$/.test(cell))).toEqual([]);
    }),
  );
});
