/**
 * Reasoning of many kinds that repeats itself, exactly or nearly, and is no loop; and loops made of it. The same seed
 * gives the same texts.
 */
import { randomFrom } from './random.ts';

export type Roll = {
  /** from `low` to `high`, both included */
  between(low: number, high: number): number;
  one<T>(of: readonly T[]): T;
  /** joins as many as the two numbers allow */
  some(low: number, high: number, make: (index: number) => string, between?: string): string;
};

export function rollOf(seed: number): Roll {
  const next = randomFrom(seed);
  const between = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  return {
    between,
    one: (of) => of[between(0, of.length - 1)] as (typeof of)[number],
    some: (low, high, make, separator = '') =>
      Array.from({ length: between(low, high) }, (_, index) => make(index)).join(separator),
  };
}

const WORDS = (
  'the of and to in that is was for on are with as by at from it an be this which or but not have had they we ' +
  'he she one two all there if so when then first result value case problem number answer step check again must ' +
  'should could would consider suppose note wait hmm maybe actually let me think about what means since because ' +
  'therefore also only even odd prime root sum product train city water light paper budget token model server'
).split(' ');

const wordsOf = (roll: Roll, low: number, high: number): string => roll.some(low, high, () => roll.one(WORDS), ' ');

function sentence(roll: Roll): string {
  const text = wordsOf(roll, 4, 22);
  return text.charAt(0).toUpperCase() + text.slice(1) + roll.one(['.', '.', '.', '?', ', right?', ' = 12.']);
}

const prose = (roll: Roll): string => roll.some(1, 6, () => sentence(roll), ' ');

function code(roll: Roll): string {
  const name = roll.one(['x', 'row', 'total', 'data', 'node']);
  const indent = roll.one(['  ', '    ', '\t']);
  return roll.one([
    () => roll.some(4, 40, (index) => `${indent}case ${index}: return ${name}[${index}];\n`),
    () => roll.some(4, 40, (index) => `import { ${name}${index} } from './${name}${index}.js';\n`),
    () => roll.some(2, 25, () => `${indent}${name} = ${name}.next\n`),
    () => roll.some(2, 25, () => `${indent}assert f(${name}) == 0\n`),
    () => `int ${name}[] = {\n${roll.some(3, 12, () => `${indent}${'0x00, '.repeat(8)}\n`)}};\n`,
    () => roll.some(2, 12, (index) => `def f${index}(${name}):\n${indent}return ${name}\n\n`),
    () => roll.some(2, 8, () => `${indent}}\n`),
    () => `for ${name} in range(${roll.between(1, 99)}):\n${indent}${wordsOf(roll, 1, 3).replaceAll(' ', '_')}()\n`,
  ])();
}

function table(roll: Roll): string {
  const columns = roll.between(2, 8);
  const row = (cell: () => string): string => `|${` ${cell()} |`.repeat(columns)}\n`;
  const equal = roll.one(['0', '-', 'no', 'n/a', '']);
  return roll.one([
    () =>
      row(() => roll.one(WORDS)) +
      `${'|---'.repeat(columns)}|\n` +
      roll.some(5, 40, () => row(() => `${roll.between(0, 999)}`)),
    () => roll.some(4, 30, (index) => `| ${index} ${row(() => equal)}`),
    () => `${'|---'.repeat(columns)}|\n` + roll.some(3, 25, () => row(() => equal)),
    () => roll.some(3, 12, () => `${'+-----'.repeat(columns)}+\n${'|     '.repeat(columns)}|\n`),
  ])();
}

const second = (index: number): string => `${10 + Math.floor(index / 60)}:${String(index % 60).padStart(2, '0')}`;

function log(roll: Roll): string {
  const message = wordsOf(roll, 3, 12);
  return roll.one([
    () => roll.some(10, 60, (index) => `2026-11-27T08:${second(index)}Z INFO ${message}\n`),
    () => roll.some(5, 30, (index) => `[${index}] GET /health 200\n`),
    () => roll.some(3, 12, () => `WARN retry: ${message}\n`),
    () => roll.some(5, 30, () => `08:15:00 ${roll.one(['INFO', 'WARN'])} ${message} id=${roll.between(0, 99_999)}\n`),
  ])();
}

/** As the demo models do it (models/recipe/arithmetic.py). */
function addition(left: number, right: number): string {
  let carry = 0;
  const columns: string[] = [];
  for (let place = 1; place <= Math.max(left, right); place *= 10) {
    const digits = [left, right].filter((number) => number >= place).map((number) => Math.floor(number / place) % 10);
    const parts = carry === 0 ? digits : [...digits, carry];
    const sum = parts.reduce((total, digit) => total + digit, 0);
    columns.push(parts.length === 1 ? `${sum}` : `${parts.join('+')}=${sum}`);
    carry = Math.floor(sum / 10);
  }
  return `${left}+${right}: ${columns.join(' ')}${carry === 0 ? '' : ' 1'} so ${left + right}.`;
}

function arithmetic(roll: Roll): string {
  const number = (): number => roll.between(1, roll.one([9, 99, 999, 99_999]));
  const step = roll.one([1, 10, 111, number()]);
  const [left, right] = [number(), number()];
  return roll.one([
    () => roll.some(3, 12, () => `${addition(number(), number())}\n`),
    () => roll.some(3, 40, (index) => `${addition(step * index, step)}\n`),
    () => `${roll.some(2, 6, () => addition(left, right), '\nWait, let me check.\n')}\n`,
    () => roll.some(4, 30, (index) => `${left} * ${index + 1} = ${left * (index + 1)}\n`),
    () => `1/${roll.one([3, 7, 9, 11, 13])} = 0.${String(roll.between(1, 999_999)).repeat(roll.between(2, 20))}...\n`,
    () => `10^${roll.between(5, 100)} = 1${'0'.repeat(roll.between(5, 100))}\n`,
    () => `${roll.some(8, 200, () => roll.one(['0', '1']), ' ')}\n`,
  ])();
}

function list(roll: Roll): string {
  const item = wordsOf(roll, 1, 8);
  return roll.one([
    () => roll.some(5, 50, (index) => `${index + 1}. ${item}\n`),
    () => roll.some(5, 30, () => `- ${sentence(roll)}\n`),
    () => roll.some(3, 20, () => `- [ ] ${item}\n`),
    () => roll.some(5, 60, () => `${roll.one(['yes', 'no'])}, `),
    () => roll.some(5, 60, (index) => `Item ${index}: ${item}; so ${item}.\n`),
  ])();
}

/** Lines and boxes. */
function rules(roll: Roll): string {
  const sign = roll.one(['=', '-', '*', '_', '~', '#', '. ', '* ', '-=', '─']);
  const line = sign.repeat(roll.between(10, Math.floor(200 / sign.length)));
  return roll.one([
    () => `${line}\n${sentence(roll)}\n${line}\n`,
    () => `${line}\n`.repeat(roll.between(1, 3)),
    () => `${'|---'.repeat(roll.between(2, 12))}|\n`.repeat(roll.between(1, 20)),
    () => roll.some(3, 12, () => `*${' '.repeat(30)}*\n`),
  ])();
}

/** Grids of equal cells, to 30 times 30. */
function matrix(roll: Roll): string {
  const [rows, columns] = [roll.between(2, 30), roll.between(2, 30)];
  const cells = (cell: string, between: string): string => Array.from({ length: columns }, () => cell).join(between);
  // the more narrow, the fewer rows
  const height = columns < 6 ? Math.min(rows, 20) : rows;
  return roll.one([
    () => `${cells('0', ' ')}\n`.repeat(height),
    () => `${cells('0', '')}\n`.repeat(height),
    () => `[${`[${cells('0', ', ')}],\n `.repeat(Math.min(height, 20))}]\n`,
    () => `${cells('.', '')}\n`.repeat(height),
    () => `${roll.some(2, 20, (row) => Array.from({ length: 20 }, (_, at) => (at === row ? 1 : 0)).join(' '), '\n')}\n`,
  ])();
}

/** Ten or twenty rows. Many more are, token by token, the same as a loop over one row, and the rule calls them a loop. */
const MOST_EQUAL_CHARACTERS = 900;

function equalRows(roll: Roll, row: string, separator: string): string {
  const most = Math.floor(MOST_EQUAL_CHARACTERS / (row + separator).length);
  return `[${roll.some(2, most, () => row, separator)}]\n`;
}

function json(roll: Roll): string {
  const fields = roll.some(1, 3, () => `"${roll.one(WORDS)}": ${roll.one(['0', 'null', '"x"', '1.5'])}`, ', ');
  return roll.one([
    () => equalRows(roll, `{${fields}}`, ',\n '),
    () => `[${roll.some(5, 40, (index) => `{"id": ${index}, ${fields}}`, ', ')}]\n`,
    () => equalRows(roll, `  {\n    ${fields.replaceAll(', ', ',\n    ')}\n  }`, ',\n'),
    () => `{"values": [${roll.some(5, 200, () => 'null', ', ')}]}\n`,
  ])();
}

function poem(roll: Roll): string {
  const verse = (): string => `${wordsOf(roll, 4, 8)},\n`;
  const refrain = roll.some(1, 4, verse);
  return roll.one([
    () => roll.some(3, 8, () => roll.some(2, 4, verse) + refrain, '\n'),
    () => `${refrain}\n`.repeat(roll.between(2, 4)),
    () => `${'la '.repeat(roll.between(4, 40))}la\n${refrain}`,
  ])();
}

/** "Wait, let me check", with other numbers each time, or a few times with the same ones. */
function checks(roll: Roll): string {
  const same = sentence(roll);
  return roll.one([
    () => roll.some(5, 40, () => `Wait, let me check. ${roll.between(1, 999)} is ${roll.between(1, 999)}. ${same}\n`),
    () => `Wait, let me check. ${same}\n`.repeat(roll.between(2, 6)),
    () => roll.some(5, 40, (index) => `Try ${index}: ${same} No.\n`),
  ])();
}

export const KINDS = { prose, code, table, log, arithmetic, list, rules, matrix, json, poem, checks } as const;
export type KindName = keyof typeof KINDS;
export const KIND_NAMES = Object.keys(KINDS) as KindName[];

/** About so many characters of one kind, mostly with prose between the parts. */
export function repetitiveText(kind: KindName, seed: number, characters: number): string {
  const roll = rollOf(seed);
  let text = '';
  while (text.length < characters) {
    text += KINDS[kind](roll) + roll.one(['\n', '\n', `${prose(roll)}\n\n`, `\n${prose(roll)}\n`]);
  }
  return text;
}

export type Loop = {
  readonly ids: readonly number[];
  /** where the first occurrence of the span begins */
  readonly begins: number;
  readonly span: number;
};

/** Follows the ids to some place, and repeats the span before it from there on. */
export function loopOf(ids: readonly number[], span: number, length: number, roll: Roll): Loop {
  const at = roll.between(span, Math.max(span, Math.min(ids.length, 1500)));
  const repeated = ids.slice(at - span, at);
  const before = ids.slice(0, at - span);
  // some first occurrences begin with other tokens
  const other = roll.one([0, 0, roll.between(0, Math.floor(span / 2))]);
  const first = [...ids.slice(0, other), ...repeated.slice(other)];
  const loop = Array.from({ length }, (_, index) => repeated[index % repeated.length] ?? 0);
  return { ids: [...before, ...first, ...loop], begins: before.length + other, span: repeated.length };
}
