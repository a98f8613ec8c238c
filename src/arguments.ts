/**
 * A tool's arguments, as clients and models really send them: accepted if the schema leaves no doubt of the meaning.
 *
 * - No arguments: absent, `null` or blank. Arguments as text that holds a JSON object are that object.
 * - A field that is `null` or blank text counts as absent.
 * - A number, a boolean or a list may come as text, if the text is one: `"512"`, `"30.5"`, `"1e3"`, `"True"`,
 *   `"[\"a\", \"b\"]"`. `"1,024"`, `"0x10"` and `"yes"` are not, because readers disagree on them or the schema does
 *   not contain them.
 * - A word of an enum may come in another letter case.
 * - A number or a boolean for a text is its text: 42 is "42". A whole number above 2^53 is refused, because JSON has
 *   lost its last digits. A list or an object for a text is refused: there are many ways to write one.
 * - A thinking budget above its maximum is lowered, with a warning, because it is only a cap.
 * - An unknown field that resembles a known one is refused. Any other is ignored, with a warning that names it.
 * - What no server accepts in a text is replaced, with a warning (`well-formed.ts`).
 */
import * as z from 'zod';
import { clipped } from './clipped.ts';
import { InvalidInputError } from './errors.ts';
import { LOWERED } from './fields.ts';
import { resembledField } from './resemblance.ts';
import { shownName, shownValue, toWords } from './schema-words.ts';
import { replaceMalformed } from './well-formed.ts';

export type ReadArguments<Input extends z.ZodObject> = {
  readonly input: z.infer<Input>;
  /** for the caller: what was ignored or replaced */
  readonly warnings: readonly string[];
};

type Fields = Readonly<Record<string, unknown>>;

const CORRECT = { hint: 'correct the arguments and call again' };

/** @throws {InvalidInputError} with one sentence that names each wrong field, and what is accepted instead */
export function readArguments<Input extends z.ZodObject>(schema: Input, args: unknown): ReadArguments<Input> {
  const names = Object.keys(schema.shape);
  const given = Object.entries(toFields(args, names)).filter(([, value]) => !isAbsent(value));
  const unknown = given
    .filter(([name]) => !names.includes(name))
    .map(([name]) => ({ name, field: resembledField(name, names) }));
  const meant = unknown.flatMap(({ name, field }) => (field === undefined ? [] : [{ name, field }]));
  const misspelt = meant.map(({ name, field }) => `${shownName(name)} is not a field: the field is ${field}`);
  const others = unknown.flatMap(({ name, field }) => (field === undefined ? [name] : []));
  const changed: string[] = [];
  const fields = Object.fromEntries(
    given
      .filter(([name]) => names.includes(name))
      .map(([name, value]) => {
        const { value: read, count } = replaceMalformed(readValue(schema.shape[name], value));
        if (count > 0) changed.push(replacement(name, count));
        const most = LOWERED.get(schema.shape[name] as z.ZodType)?.most ?? Infinity;
        if (!Number.isSafeInteger(read) || (read as number) <= most) return [name, read];
        changed.push(`${name} was lowered from ${String(read)} to its maximum of ${most}`);
        return [name, most];
      }),
  );
  const parsed = schema.safeParse(fields);
  // a field that was misspelt is not missing as well
  const issues = (parsed.error?.issues ?? []).filter(
    ({ path: [field] }) => field !== undefined && (field in fields || meant.every((other) => other.field !== field)),
  );
  const problems = toProblems(issues, schema, Object.fromEntries(given));
  if (!parsed.success || misspelt.length > 0) {
    // a required field is missing: one of the unknown names was probably meant
    const isMeant = others.length > 0 && hasMissing(issues, given);
    const message = [
      ...misspelt,
      ...problems,
      ...(isMeant ? [`${shownNames(others)} ${areNoFields(others)}`] : []),
    ].join('; ');
    throw new InvalidInputError(message, parsed.success ? CORRECT : { ...CORRECT, cause: parsed.error });
  }
  return { input: parsed.data, warnings: [...ignored(others, names), ...changed] };
}

function toFields(args: unknown, names: readonly string[]): Fields {
  if (isAbsent(args)) return {};
  const read = typeof args === 'string' ? parsedIf(isFields, args) : args;
  if (isFields(read)) return read;
  const fields = names.length === 0 ? 'without fields' : `with the fields ${names.join(', ')}`;
  throw new InvalidInputError(`arguments must be an object ${fields}, not ${shownValue(args)}`, CORRECT);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'string' && value.trim() === '');
}

/** The value that the schema means, or the value as it came. */
function readValue(field: unknown, value: unknown): unknown {
  if (field instanceof z.ZodDefault || field instanceof z.ZodOptional) return readValue(field.unwrap(), value);
  if (field instanceof z.ZodString) return readText(value);
  if (field instanceof z.ZodArray) {
    const list = typeof value === 'string' ? parsedIf(Array.isArray, value) : value;
    return Array.isArray(list) ? list.map((item) => readValue(field.element, item)) : list;
  }
  if (field instanceof z.ZodObject) {
    const fields = typeof value === 'string' ? parsedIf(isFields, value) : value;
    if (!isFields(fields)) return fields;
    const present = Object.entries(fields).filter(([, inner]) => !isAbsent(inner));
    return Object.fromEntries(present.map(([name, inner]) => [name, readValue(field.shape[name], inner)]));
  }
  if (typeof value !== 'string') return value;
  const text = value.trim();
  if (field instanceof z.ZodNumber) return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : value;
  if (field instanceof z.ZodBoolean) return /^(true|false)$/i.test(text) ? text.toLowerCase() === 'true' : value;
  if (field instanceof z.ZodEnum) {
    return field.options.find((word) => String(word).toLowerCase() === text.toLowerCase()) ?? value;
  }
  return value;
}

function readText(value: unknown): unknown {
  const hasLostDigits = Number.isInteger(value) && !Number.isSafeInteger(value);
  return typeof value === 'boolean' || (typeof value === 'number' && !hasLostDigits) ? String(value) : value;
}

/** The value of a JSON text, if it is of the kind; otherwise the text. */
function parsedIf(isKind: (value: unknown) => boolean, text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return isKind(value) ? value : text;
  } catch {
    return text;
  }
}

function ignored(unknown: readonly string[], names: readonly string[]): string[] {
  if (unknown.length === 0) return [];
  const fields = names.length === 0 ? 'there are no fields' : `the fields are ${names.join(', ')}`;
  const were = unknown.length === 1 ? 'was' : 'were';
  return [`${shownNames(unknown)} ${areNoFields(unknown)} and ${were} ignored; ${fields}`];
}

function shownNames(names: readonly string[]): string {
  return clipped(names.map(shownName).join(', '), 200);
}

function areNoFields({ length }: readonly string[]): string {
  return length === 1 ? 'is not a field' : 'are not fields';
}

function hasMissing(issues: readonly z.core.$ZodIssue[], given: readonly (readonly [string, unknown])[]): boolean {
  return issues.some(({ path: [field] }) => !given.some(([name]) => name === field));
}

function replacement(name: string, count: number): string {
  const characters = count === 1 ? '1 character that is' : `${count} characters that are`;
  return `${name} had ${characters} not valid text (control characters, or half of a surrogate pair), replaced by U+FFFD`;
}

/** One problem per field: a list may have a thousand wrong items. */
function toProblems(issues: readonly z.core.$ZodIssue[], schema: z.ZodObject, given: Fields): string[] {
  const first = new Map(issues.toReversed().map((issue) => [String(issue.path[0]), issue]));
  return Object.keys(schema.shape).flatMap((name) => {
    const issue = first.get(name);
    return issue === undefined ? [] : [toProblem(name, issue, schema, given)];
  });
}

function toProblem(name: string, { path }: z.core.$ZodIssue, schema: z.ZodObject, given: Fields): string {
  const [, index, inner] = path;
  const wanted = toWords(z.toJSONSchema(schema, { io: 'input' }).properties?.[name]);
  if (!(name in given)) return `${name} is missing or blank; ${name} must be ${wanted}`;
  const problem = `${name} must be ${wanted}`;
  if (index !== undefined && inner !== undefined) return `${problem}; item ${String(index)} has no ${String(inner)}`;
  const isText = wanted.endsWith(' texts');
  if (index !== undefined) return `${problem}; item ${String(index)} is ${isText ? 'not a text' : 'none of them'}`;
  const isListAsText = typeof given[name] === 'string' && wanted.startsWith('a list');
  const how = isListAsText ? `; send a JSON list, such as ["first", "second"]` : '';
  return `${problem}, not ${shownValue(given[name])}${how}`;
}
