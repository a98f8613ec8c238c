/**
 * Sets the values of one table in the text of a TOML file, such as `[mcp_servers.thinkmeter]`. All other text stays byte
 * for byte. The text has no byte order mark.
 *
 * `smol-toml` reads text and gives no positions, so the text is first cut into statements: the shortest runs of lines
 * that are valid TOML alone.
 */
import { parse, stringify, TomlError } from 'smol-toml';
import type { Json, JsonObject, Place } from './json-edit.ts';

type Table = Readonly<Record<string, unknown>>;

/** A header, a key with its value, or comments and blank lines. The line end belongs to it. */
type Statement = { readonly text: string; readonly header?: readonly string[]; readonly key?: string };

/** The first reason why this text is not TOML. */
export function findTomlError(text: string): ({ readonly what: string } & Place) | undefined {
  try {
    parse(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [what = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n');
    return { what, line: error.line, column: error.column };
  }
}

/** The value at a path; undefined if there is none. The text has no syntax error. */
export function tomlAt(text: string, path: readonly string[]): Json | undefined {
  let value: unknown = parse(text);
  for (const key of path) value = isTable(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return toPlain(value) as Json | undefined;
}

/** The library's tables have no prototype, so they never equal an object. */
function toPlain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toPlain);
  if (!isTable(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toPlain(inner)]));
}

/**
 * The text with `entry` as the table at `path`: values that differ are written again, values that are not in `entry`
 * are removed. A table inside it, such as `env`, is updated in the same way.
 * @returns undefined if the table is there in a form that has no header of its own, such as an inline table
 */
export function setToml(text: string, path: readonly string[], entry: JsonObject): string | undefined {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const old = tomlAt(text, path);
  if (old === undefined) {
    const end = text === '' || text.endsWith('\n') ? '' : eol;
    const gap = text.trim() === '' ? '' : eol;
    return `${text}${end}${gap}${printTable(path, entry, eol)}`;
  }
  const edited = update(toStatements(text), path, entry, old, eol);
  return edited?.map((statement) => statement.text).join('');
}

function update(
  statements: readonly Statement[],
  path: readonly string[],
  entry: JsonObject,
  old: unknown,
  eol: string,
): Statement[] | undefined {
  const begin = statements.findIndex(({ header }) => header !== undefined && isSame(header, path));
  if (begin === -1 || !isTable(old)) return undefined;
  let body = sectionAfter(statements, begin);
  let others = [...statements.slice(0, begin + 1), ...statements.slice(begin + 1 + body.length)];
  for (const key of Object.keys(old)) {
    const value = entry[key];
    const before = old[key];
    if (value !== undefined && JSON.stringify(value) === JSON.stringify(before)) continue;
    const hasHeader = others.some(({ header }) => header !== undefined && isSame(header, [...path, key]));
    if (hasHeader && isObject(value)) {
      const updated = update(others, [...path, key], value, before, eol);
      if (updated === undefined) return undefined;
      others = updated;
    } else if (hasHeader) {
      return undefined;
    } else {
      body = withKey(body, key, value, eol);
    }
  }
  for (const [key, value] of Object.entries(entry)) if (!Object.hasOwn(old, key)) body = withKey(body, key, value, eol);
  // a table inside may stand before this one, so its update may have moved the header
  const at = others.findIndex(({ header }) => header !== undefined && isSame(header, path));
  const head = others[at];
  if (head === undefined) return undefined;
  const headLine = body.length === 0 ? head : withLineEnd(head, eol);
  return [...others.slice(0, at), headLine, ...body, ...others.slice(at + 1)];
}

/** The statements between the header at `begin` and the next header. */
function sectionAfter(statements: readonly Statement[], begin: number): Statement[] {
  const length = statements.slice(begin + 1).findIndex(({ header }) => header !== undefined);
  return statements.slice(begin + 1, length === -1 ? undefined : begin + 1 + length);
}

/** Writes, replaces or removes one key. A new key stands behind the last one. */
function withKey(body: readonly Statement[], key: string, value: Json | undefined, eol: string): Statement[] {
  const first = body.findIndex((statement) => statement.key === key);
  const rest = body.filter((statement) => statement.key !== key);
  if (value === undefined) return rest;
  const line = { key, text: `${indentOf(body[first])}${printKey(key, value)}${eol}` };
  const at = first === -1 ? rest.findLastIndex((statement) => statement.key !== undefined) + 1 : first;
  const before = rest.slice(0, at).map((it, index) => (index === at - 1 ? withLineEnd(it, eol) : it));
  return [...before, line, ...rest.slice(at)];
}

function indentOf(statement: Statement | undefined): string {
  return /^[ \t]*/.exec(statement?.text ?? '')?.[0] ?? '';
}

/** The last line of a file may have none. */
function withLineEnd(statement: Statement, eol: string): Statement {
  return statement.text.endsWith('\n') ? statement : { ...statement, text: statement.text + eol };
}

function printKey(key: string, value: Json): string {
  if (!isObject(value)) return stringify({ [key]: value }).trimEnd();
  const fields = Object.entries(value).map(([name, inner]) => printKey(name, inner));
  return `${stringify({ [key]: 0 }).split('=')[0]}= { ${fields.join(', ')} }`;
}

function printTable(path: readonly string[], table: JsonObject, eol: string): string {
  const nested = path.reduceRight<object>((inner, key) => ({ [key]: inner }), table);
  return `${stringify(nested).trim().split('\n').join(eol)}${eol}`;
}

function toStatements(text: string): Statement[] {
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const statements: Statement[] = [];
  let open = '';
  for (const line of lines) {
    open += line;
    const table = parsed(open);
    if (table === undefined) continue;
    statements.push(toStatement(open, table));
    open = '';
  }
  // the whole text is valid, so nothing is left open; if it were, nothing may get lost
  return open === '' ? statements : [...statements, { text: open }];
}

function toStatement(text: string, table: Table): Statement {
  const [key] = Object.keys(table);
  if (key === undefined) return { text };
  if (!text.trimStart().startsWith('[')) return { text, key };
  const header: string[] = [];
  for (let at: unknown = table; isTable(at); at = Object.values(at)[0]) header.push(...Object.keys(at));
  return { text, header };
}

function parsed(text: string): Table | undefined {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

function isObject(value: Json | undefined): value is JsonObject {
  return isTable(value);
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((key, index) => key === b[index]);
}
