/** Rows of any source as cases. All wrong rows are reported at once. */
import { clipped } from '../../clipped.ts';
import { InvalidInputError } from '../../errors.ts';
import { replaceMalformed } from '../../well-formed.ts';
import type { Case, Match } from '../values.ts';
import { COLUMNS, isObject, KNOWN_COLUMNS, type Row } from './row.ts';
import { toRowCase, type RowCase } from './row-case.ts';

export type ReadCases = {
  readonly cases: readonly Case[];
  /** how the data means its answers to be compared; absent: it does not show */
  readonly match?: Match;
  readonly warnings: readonly string[];
};

const MOST_NAMED = 5;

/** Only tests of programs have such columns: HumanEval, MBPP, APPS, LiveCodeBench, SWE-bench. */
const CODE_COLUMNS = [
  'canonical_solution',
  'entry_point',
  'test_list',
  'input_output',
  'public_test_cases',
  'starter_code',
  'fail_to_pass',
];

const HINT = `give each case a question (${COLUMNS.question.join(', ')} or messages) and an expected answer (${COLUMNS.expected.join(', ')})`;

/** Cases that are given as objects. `where` names one in messages. @throws {InvalidInputError} */
export function toCases(rows: readonly unknown[], where: (index: number) => string): ReadCases {
  return casesOf(rows.map((value, index) => ({ where: where(index), value })));
}

/** `name` is that of the file, for messages. @throws {InvalidInputError} */
export function casesOf(rows: readonly Row[], name?: string): ReadCases {
  const source = name === undefined ? '' : `${name}: `;
  if (rows.length === 0) throw new InvalidInputError(`${source}there are no cases`, { hint: HINT });
  refuseUnknown(rows, name ?? 'the cases');
  const problems: string[] = [];
  const read: RowCase[] = [];
  for (const row of rows) {
    const result = 'problem' in row ? row.problem : toRowCase(row.value);
    if (typeof result === 'string') problems.push(`${row.where} ${result}`);
    else read.push(result);
  }
  if (problems.length > 0) {
    const more = problems.length - MOST_NAMED;
    const named = [...problems.slice(0, MOST_NAMED), ...(more > 0 ? [`and ${more} more`] : [])];
    const isUnreadable = rows.some((row) => 'problem' in row);
    throw new InvalidInputError(`${source}${named.join('; ')}`, { hint: isUnreadable ? 'correct these lines' : HINT });
  }
  const { cases, replaced } = wellFormed(read);
  const [match] = read.map((row) => row.match);
  const isCommon = match !== undefined && read.every((row) => row.match === match);
  const doubtful = read.filter(({ isDoubtful }) => isDoubtful === true).length;
  return {
    cases,
    ...(isCommon && { match }),
    warnings: [
      ...counted(replaced, 'with characters that are not valid text, replaced by U+FFFD'),
      ...counted(
        doubtful,
        'whose expected number is an index of a choice and the text of another: read as an index from 0',
      ),
    ],
  };
}

/** @throws {InvalidInputError} if the rows are of a code benchmark, or none has a column that is understood */
function refuseUnknown(rows: readonly Row[], name: string): void {
  const names = new Set<string>();
  for (const row of rows) {
    if ('value' in row && isObject(row.value)) for (const column of Object.keys(row.value)) names.add(column);
  }
  const columns = new Set([...names].map((column) => column.trim().toLowerCase()));
  if (columns.size === 0) return;
  const code = CODE_COLUMNS.find((column) => columns.has(column));
  if (code !== undefined && !columns.has('expected')) {
    throw new InvalidInputError(
      `${name} is a code benchmark (it has the column ${code}): its answers are judged by running code, which thinkmeter does not do`,
      { hint: 'give cases whose answers can be compared with an expected answer' },
    );
  }
  if (KNOWN_COLUMNS.some((column) => columns.has(column))) return;
  const found = clipped([...names].join(', '), 200);
  throw new InvalidInputError(`${name} has no column that is understood; the columns are ${found}`, { hint: HINT });
}

function wellFormed(read: readonly RowCase[]): { readonly cases: readonly Case[]; readonly replaced: number } {
  let replaced = 0;
  const cases = read.map(({ case: { question, context, expected } }): Case => {
    const { value, count } = replaceMalformed([question, ...(context === undefined ? [] : [context])]);
    if (count === 0) return { question, ...(context !== undefined && { context }), expected };
    replaced++;
    const [first = '', second] = value as readonly string[];
    return { question: first, ...(second !== undefined && { context: second }), expected };
  });
  return { cases, replaced };
}

function counted(count: number, what: string): string[] {
  return count === 0 ? [] : [`there ${count === 1 ? 'is 1 case' : `are ${count} cases`} ${what}`];
}
