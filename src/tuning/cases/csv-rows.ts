/** Rows of a CSV or TSV text: the first row has the names of the columns. */
import { type CsvError, type Info, parse } from 'csv-parse/sync';
import { KNOWN_COLUMNS, type Row } from './row.ts';

export type CsvRows = { readonly rows: readonly Row[]; readonly warnings: readonly string[] };

type Line = { readonly record: readonly string[]; readonly info: Info };

/** MMLU's own files have no header. */
const MMLU = ['question', 'A', 'B', 'C', 'D', 'answer'];

export function csvRows(written: string, isTabs: boolean): CsvRows {
  // csv-parse counts a CRLF within quotes as two lines
  const text = written.replaceAll('\r\n', '\n');
  const delimiter = isTabs ? '\t' : delimiterOf(text);
  const errors: CsvError[] = [];
  const parsed = parse(text, {
    delimiter,
    info: true,
    relax_column_count: true,
    // quotes within a field are common in TSV, and space around a quoted field in CSV
    ...(delimiter === '\t' ? { relax_quotes: true } : { trim: true }),
    skip_records_with_empty_values: true,
    skip_records_with_error: true,
    on_skip: (error) => {
      if (error !== undefined) errors.push(error);
      return undefined;
    },
  }) as unknown as readonly Line[];
  const [error] = errors;
  const broken = error === undefined ? undefined : brokenRow(error, parsed);
  // after a wrong quote, rows begin anywhere
  const lines = error === undefined ? parsed : parsed.filter(({ info }) => info.lines < Number(error['lines']));
  const [first] = lines;
  const isHeaderless = first !== undefined && isMmlu(first.record);
  const header = isHeaderless ? MMLU : (first?.record ?? []);
  const rows = (isHeaderless ? lines : lines.slice(1)).map((line) => toRow(line, header));
  return {
    rows: broken === undefined ? rows : [...rows, broken],
    warnings: isHeaderless ? [`there is no header; the columns were read as ${MMLU.join(', ')}`] : [],
  };
}

/** Of comma, tab and semicolon, the one that is most frequent in the header. */
function delimiterOf(text: string): string {
  const [header = ''] = text.trimStart().split('\n', 1);
  const plain = header.replaceAll(/"[^"]*"/g, '');
  const counted = [',', '\t', ';'].map((delimiter) => ({ delimiter, count: plain.split(delimiter).length }));
  return counted.reduce((most, other) => (other.count > most.count ? other : most)).delimiter;
}

function isMmlu(record: readonly string[]): boolean {
  const isHeader = record.some((name) => KNOWN_COLUMNS.includes(name.trim().toLowerCase()));
  return record.length === MMLU.length && /^[A-D]$/.test(record.at(-1) ?? '') && !isHeader;
}

function toRow({ record, info }: Line, header: readonly string[]): Row {
  const within = record.reduce((sum, field) => sum + field.split('\n').length - 1, 0);
  const where = `line ${info.lines - within}`;
  if (record.length !== header.length) {
    const fields = record.length === 1 ? '1 field' : `${record.length} fields`;
    return { where, problem: `has ${fields}, but there are ${header.length} columns` };
  }
  const value: Record<string, unknown> = {};
  // of two columns with one name, the first
  for (const [index, name] of header.entries()) if (!Object.hasOwn(value, name)) value[name] = record[index];
  return { where, value };
}

function brokenRow(error: CsvError, parsed: readonly Line[]): Row {
  if (error.code !== 'CSV_QUOTE_NOT_CLOSED') {
    return {
      where: `line ${Number(error['lines'])}`,
      problem: 'has a quote where none can be; quotes within a field are doubled ("")',
    };
  }
  // the error has the last line of the file
  const from = (parsed.at(-1)?.info.lines ?? 0) + 1;
  return { where: `line ${from}`, problem: 'or a later one opens a quote that is never closed' };
}
