/** Reads cases from the text of a file: JSONL, JSON, CSV or TSV, with the columns of the public data sets. */
import { InvalidInputError } from '../../errors.ts';
import { csvRows } from './csv-rows.ts';
import { jsonRows } from './json-rows.ts';
import { casesOf, type ReadCases } from './to-cases.ts';

const TEXT_FILES = { hint: 'give a UTF-8 text file: JSONL, JSON, or CSV with a header' };

/** What the first bytes of files that are no text show. */
const BINARY: readonly (readonly [string, string])[] = [
  ['PAR1', 'a Parquet file'],
  ['PK\u0003\u0004', 'an Excel or ZIP file'],
  ['\u001F\uFFFD', 'a gzip file'],
  ['ARROW1', 'an Arrow file'],
];

/**
 * `text` was decoded as UTF-8. `name` is that of the file, for messages; its extension counts only where the content
 * leaves a choice.
 * @throws {InvalidInputError} with up to five wrong rows, by their lines
 */
export function readCases(text: string, name: string): ReadCases {
  refuseBinary(text, name);
  const content = text.replace(/^\uFEFF/, '');
  if (content.trim() === '') throw new InvalidInputError(`${name} is empty`, TEXT_FILES);
  const extension = /\.([a-z]+)$/i.exec(name)?.[1]?.toLowerCase() ?? '';
  const isLines = ['jsonl', 'ndjson'].includes(extension);
  const isJson = /^\s*[[{]/.test(content) || isLines || extension === 'json';
  const { rows, warnings } = isJson
    ? { rows: jsonRows(content, name, isLines), warnings: [] }
    : csvRows(content, ['tsv', 'tab'].includes(extension));
  const read = casesOf(rows, name);
  const undecoded = content.includes('\uFFFD') ? ['there are characters U+FFFD: the file may not be UTF-8'] : [];
  return { ...read, warnings: [...warnings, ...undecoded, ...read.warnings].map((warning) => `${name}: ${warning}`) };
}

function refuseBinary(text: string, name: string): void {
  const [, kind] = BINARY.find(([beginning]) => text.startsWith(beginning)) ?? [];
  if (kind !== undefined) throw new InvalidInputError(`${name} is ${kind}, not a text`, TEXT_FILES);
  // a byte order mark of UTF-16 is no UTF-8, and every other byte of English text in UTF-16 is 0
  const isUtf16 = /^(?:\uFFFD\uFFFD|(?:[^\0]\0){2}|(?:\0[^\0]){2})/.test(text);
  if (isUtf16) throw new InvalidInputError(`${name} is encoded as UTF-16`, { hint: 'save it as UTF-8' });
  if (text.includes('\0')) throw new InvalidInputError(`${name} is not a text: it contains NUL bytes`, TEXT_FILES);
}
