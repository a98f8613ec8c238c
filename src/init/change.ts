/** The text of a client's file with the entry of this server. A text with a syntax error is never changed. */
import { isDeepStrictEqual } from 'node:util';
import { ConfigError } from '../errors.ts';
import type { Client } from './clients.ts';
import { joinEntries, NAME } from './entry.ts';
import {
  findJsonError,
  isJsonObject,
  jsonAt,
  obstacle,
  removeJson,
  setJson,
  type Json,
  type JsonObject,
} from './json-edit.ts';
import { findTomlError, setToml, tomlAt } from './toml-edit.ts';

export function pathOf({ servers }: Client): readonly string[] {
  return [...servers, NAME];
}

/** The entry in a text; undefined if there is none. @throws {ConfigError} with line and column of a syntax error */
export function readEntry(client: Client, file: string, text: string): Json | undefined {
  const error = client.format === 'toml' ? findTomlError(text) : findJsonError(text, client.format === 'json');
  if (error !== undefined) {
    const { what, line, column } = error;
    const plain = client.format === 'json' ? ` (${client.title} reads plain JSON)` : '';
    throw new ConfigError(`${file} has a syntax error in line ${line}, column ${column}: ${what}${plain}`, {
      hint: `correct the file, which was not changed, and run this command again`,
    });
  }
  return client.format === 'toml' ? tomlAt(text, pathOf(client)) : jsonAt(text, pathOf(client));
}

/**
 * The text with `entry`; fields of an existing entry that `entry` does not have stay. The same text if nothing changes.
 * @throws {ConfigError} if the text has a syntax error, or a form in which the entry cannot be set
 */
export function withEntry(client: Client, file: string, text: string, entry: JsonObject): string {
  const old = readEntry(client, file, text);
  const joined = joinEntries(client, old, entry);
  if (isDeepStrictEqual(old, joined)) return text;
  const edited =
    client.format === 'toml' ? setToml(text, pathOf(client), joined) : editJson(client, file, text, joined);
  if (edited === undefined || !isAsExpected(client, text, edited, joined)) {
    throw new ConfigError(`${file} holds ${pathOf(client).join('.')} in a form that cannot be changed safely`, {
      hint: `paste the block yourself: thinkmeter init ${client.name} --print`,
    });
  }
  return edited;
}

/** The entry alone, as a file would hold it. */
export function block(client: Client, entry: JsonObject): string {
  const path = pathOf(client);
  return client.format === 'toml' ? (setToml('', path, entry) as string) : setJson('', path, entry);
}

function editJson(client: Client, file: string, text: string, joined: JsonObject): string {
  const path = pathOf(client);
  const blocked = obstacle(text, path);
  if (blocked !== undefined) {
    const what = blocked.length === 0 ? 'the value' : blocked.join('.');
    throw new ConfigError(`${what} in ${file} is not an object`, { hint: 'correct the file, which was not changed' });
  }
  return update(text, path, jsonAt(text, path), joined);
}

/** Sets only what differs, so that comments inside the entry stay too. */
function update(text: string, path: readonly string[], old: Json | undefined, value: Json): string {
  if (isDeepStrictEqual(old, value)) return text;
  if (!isJsonObject(old) || !isJsonObject(value)) return setJson(text, path, value);
  const gone = Object.keys(old).filter((key) => !Object.hasOwn(value, key));
  const removed = gone.reduce((rest, key) => removeJson(rest, [...path, key]), text);
  return Object.entries(value).reduce((rest, [key, it]) => update(rest, [...path, key], old[key], it), removed);
}

/** Nothing but the entry has changed. */
function isAsExpected(client: Client, before: string, after: string, joined: JsonObject): boolean {
  const isToml = client.format === 'toml';
  if ((isToml ? findTomlError(after) : findJsonError(after, client.format === 'json')) !== undefined) return false;
  const read = (text: string): Json => (isToml ? tomlAt(text, []) : jsonAt(text, [])) ?? {};
  return isDeepStrictEqual(read(after), withValue(read(before), pathOf(client), joined));
}

function withValue(at: Json | undefined, [key, ...rest]: readonly string[], value: Json): Json {
  if (key === undefined) return value;
  const object = isJsonObject(at) ? at : {};
  return { ...object, [key]: withValue(object[key], rest, value) };
}
