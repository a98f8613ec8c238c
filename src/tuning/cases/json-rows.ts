/** Rows of a JSON text (a list, an object with a list of cases, or one case), or of JSONL: an object per line. */
import { parse, printParseErrorCode, type ParseError } from 'jsonc-parser';
import { clipped } from '../../clipped.ts';
import { InvalidInputError } from '../../errors.ts';
import { parsedJson } from '../match/json-values.ts';
import { COLUMNS, filledColumn, isObject, toFields, type Row } from './row.ts';

/** Names of the list in a file that is one object. */
const LISTS = ['cases', 'examples', 'data', 'rows'];

/** `isLines`: the name of the file promises JSONL. @throws {InvalidInputError} if it is one broken JSON value */
export function jsonRows(text: string, name: string, isLines: boolean): readonly Row[] {
  const whole = parsedJson(text);
  if (whole !== undefined) return valueRows(whole.value);
  const [firstLine = ''] = text.trimStart().split('\n', 1);
  if (isLines || isObject(parsedJson(firstLine)?.value)) return lineRows(text);
  throw new InvalidInputError(`${name} is not valid JSON: ${firstError(text)}`, {
    hint: 'give a JSON list of cases, or one JSON object per line (JSONL)',
  });
}

function lineRows(text: string): readonly Row[] {
  return text.split('\n').flatMap((line, index): Row[] => {
    if (line.trim() === '') return [];
    const where = `line ${index + 1}`;
    const parsed = parsedJson(line);
    return [
      parsed === undefined
        ? { where, problem: `is not valid JSON: ${clipped(line.trim(), 60)}` }
        : { where, ...parsed },
    ];
  });
}

function valueRows(value: unknown): readonly Row[] {
  const asked = [...COLUMNS.messages, ...COLUMNS.question];
  const isOneCase = isObject(value) && filledColumn(toFields(value), asked) !== undefined;
  const list = isObject(value) ? LISTS.map((name) => value[name]).find((field) => Array.isArray(field)) : value;
  const values: readonly unknown[] = Array.isArray(list) && !isOneCase ? list : [value];
  return values.map((item, index) => ({ where: `case ${index + 1}`, value: item }));
}

/** Where a JSON text is broken. V8's message has a place only for some errors. */
function firstError(text: string): string {
  const errors: ParseError[] = [];
  parse(text, errors, { disallowComments: true });
  const [error] = errors;
  if (error === undefined) return 'it cannot be read';
  const line = text.slice(0, error.offset).split('\n').length;
  const what = printParseErrorCode(error.error)
    .replaceAll(/\B[A-Z]/g, (letter) => ` ${letter}`)
    .toLowerCase();
  const there = text.slice(error.offset).split('\n', 1)[0]?.trim() ?? '';
  return `${what} in line ${line}${there === '' ? '' : `, before ${clipped(there, 60)}`}`;
}
