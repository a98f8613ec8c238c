/**
 * Sets and removes values in the text of a JSON or JSONC file. All other text stays byte for byte: comments, order,
 * indentation, line ends. The text has no byte order mark. A key that occurs twice means its last value, as in `JSON.parse`.
 *
 * `jsonc-parser` reads the text. Its own `modify` formats the whole line that it touches, so insertion is done here.
 */
import { createScanner, parseTree, printParseErrorCode, type Node, type ParseError } from 'jsonc-parser';

/** Names of the values of `SyntaxKind`, a const enum that only exists in the types of `jsonc-parser`. */
const COMMA = 5;
const TRIVIA = [12, 13, 14, 15];
const COMMENTS = [12, 13];

/** Line and column begin with 1. */
export type Place = { readonly line: number; readonly column: number };

export type Json = string | number | boolean | null | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The first reason why this text is not JSON. `plain`: comments and trailing commas are errors too. Blank text is no error. */
export function findJsonError(text: string, plain: boolean): ({ readonly what: string } & Place) | undefined {
  const errors: ParseError[] = [];
  parseTree(text, errors, { allowTrailingComma: !plain, disallowComments: plain, allowEmptyContent: true });
  const [first] = errors;
  return first && { what: toWords(printParseErrorCode(first.error)), ...placeOf(text, first.offset) };
}

/** `PropertyNameExpected` → `property name expected` */
function toWords(name: string): string {
  return name.replaceAll(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
}

export function placeOf(text: string, offset: number): Place {
  const before = text.slice(0, offset).split(/\r\n|\n|\r/);
  return { line: before.length, column: (before.at(-1) ?? '').length + 1 };
}

/** The value at a path; undefined if there is none. The text has no syntax error. */
export function jsonAt(text: string, path: readonly string[]): Json | undefined {
  const node = nodeAt(rootOf(text), path);
  return node === undefined ? undefined : valueOf(node);
}

/**
 * The longest beginning of `path` whose value is there and is no object, so that nothing can be set below it;
 * undefined if there is none. An empty path is the whole file.
 */
export function obstacle(text: string, path: readonly string[]): readonly string[] | undefined {
  const root = rootOf(text);
  const beginnings = path.map((_, length) => path.slice(0, length));
  return beginnings.find((beginning) => {
    const node = nodeAt(root, beginning);
    return node !== undefined && node.type !== 'object';
  });
}

/** The text with `value` at `path`. Objects that are missing on the way are created. */
export function setJson(text: string, path: readonly string[], value: Json): string {
  const style = styleOf(text);
  const root = rootOf(text);
  if (root === undefined) {
    const begun = text.trim() === '' ? '' : text.replace(/\s*$/, style.eol);
    return `${begun}${print(wrap(path, value), '', style)}${style.eol}`;
  }
  const old = nodeAt(root, path);
  if (old !== undefined) return replace(text, old, print(value, lineIndent(text, old.offset), style));
  let depth = path.length - 1;
  while (nodeAt(root, path.slice(0, depth)) === undefined) depth -= 1;
  const object = nodeAt(root, path.slice(0, depth)) as Node;
  return insert(text, object, path[depth] as string, wrap(path.slice(depth + 1), value), style);
}

/** The text without the property at `path`, and without its comma; the same text if there is none. */
export function removeJson(text: string, path: readonly string[]): string {
  const property = nodeAt(rootOf(text), path)?.parent;
  const siblings = property?.parent?.children ?? [];
  const index = siblings.indexOf(property as Node);
  if (property === undefined || index === -1) return text;
  const previous = siblings[index - 1];
  const next = siblings[index + 1];
  if (previous !== undefined) return text.slice(0, endOf(previous)) + text.slice(endOf(property));
  if (next !== undefined) return text.slice(0, property.offset) + text.slice(next.offset);
  const comma = trailingComma(text, endOf(property));
  return text.slice(0, property.offset) + text.slice(comma === undefined ? endOf(property) : comma + 1);
}

/** `compact`: the whole file is one line. */
type Style = { readonly eol: string; readonly unit: string; readonly compact: boolean };

function styleOf(text: string): Style {
  const eol = /\r\n|\n|\r/.exec(text)?.[0] ?? '\n';
  const first = rootOf(text)?.children?.[0];
  const unit = first === undefined ? '' : lineIndent(text, first.offset);
  return { eol, unit: unit === '' ? '  ' : unit, compact: first !== undefined && !/[\r\n]/.test(text.trim()) };
}

function rootOf(text: string): Node | undefined {
  return parseTree(text, [], { allowTrailingComma: true, allowEmptyContent: true });
}

function nodeAt(root: Node | undefined, path: readonly string[]): Node | undefined {
  let node = root;
  for (const key of path) {
    const properties = node?.type === 'object' ? (node.children ?? []) : [];
    node = properties.findLast(({ children }) => children?.[0]?.value === key)?.children?.[1];
  }
  return node;
}

function valueOf({ type, value, children = [] }: Node): Json {
  if (type === 'array') return children.map(valueOf);
  if (type !== 'object') return value as Json;
  // `__proto__` is a key like any other
  return Object.fromEntries(
    children.flatMap(({ children: [key, at] = [] }) => (at === undefined ? [] : [[key?.value as string, valueOf(at)]])),
  );
}

function wrap(path: readonly string[], value: Json): Json {
  return path.reduceRight<Json>((inner, key) => ({ [key]: inner }), value);
}

function print(value: Json, indent: string, { eol, unit, compact }: Style): string {
  if (compact) return JSON.stringify(value);
  return JSON.stringify(value, null, unit).split('\n').join(`${eol}${indent}`);
}

function replace(text: string, node: Node, by: string): string {
  return text.slice(0, node.offset) + by + text.slice(endOf(node));
}

/** Adds a property behind the last one, behind its comments. */
function insert(text: string, object: Node, key: string, value: Json, style: Style): string {
  const last = object.children?.at(-1);
  const close = endOf(object) - 1;
  const comma = last === undefined ? undefined : trailingComma(text, endOf(last));
  const end = endOfContent(
    text,
    comma === undefined ? (last === undefined ? object.offset + 1 : endOf(last)) : comma + 1,
  );
  const head = last === undefined || comma !== undefined ? text.slice(0, end) : commaAfter(text, endOf(last), end);
  const tail = text.slice(end);
  const onOneLine = !/[\r\n]/.test(text.slice(object.offset, close));
  if (onOneLine && (last !== undefined || style.compact)) {
    const gap = last === undefined ? '' : ' ';
    return `${head}${gap}${JSON.stringify(key)}: ${JSON.stringify(value)}${comma === undefined ? '' : ','}${tail}`;
  }
  const indent = last === undefined ? lineIndent(text, object.offset) + style.unit : lineIndent(text, last.offset);
  const property = `${style.eol}${indent}${JSON.stringify(key)}: ${print(value, indent, style)}`;
  if (!onOneLine) return `${head}${property}${comma === undefined ? '' : ','}${tail}`;
  return `${head}${property}${style.eol}${lineIndent(text, object.offset)}${tail}`;
}

function commaAfter(text: string, at: number, end: number): string {
  return `${text.slice(0, at)},${text.slice(at, end)}`;
}

function endOf({ offset, length }: Node): number {
  return offset + length;
}

/** The white space before the first word of the line that holds `offset`. */
function lineIndent(text: string, offset: number): string {
  const begin = Math.max(text.lastIndexOf('\n', offset - 1), text.lastIndexOf('\r', offset - 1)) + 1;
  return /^[ \t]*/.exec(text.slice(begin, offset))?.[0] ?? '';
}

/** The offset of a comma that follows, behind white space and comments only. */
function trailingComma(text: string, offset: number): number | undefined {
  const scanner = createScanner(text, true);
  scanner.setPosition(offset);
  return (scanner.scan() as number) === COMMA ? scanner.getTokenOffset() : undefined;
}

/** Behind the comments that follow. */
function endOfContent(text: string, offset: number): number {
  const scanner = createScanner(text);
  scanner.setPosition(offset);
  let end = offset;
  for (let kind: number = scanner.scan(); TRIVIA.includes(kind); kind = scanner.scan()) {
    if (COMMENTS.includes(kind)) end = scanner.getPosition();
  }
  return end;
}
