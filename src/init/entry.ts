/** What `init` writes into a client's file: the entry of this server, joined with an entry that is there. */
import type { Client } from './clients.ts';
import { isJsonObject, type Json, type JsonObject } from './json-edit.ts';
import type { Launch } from './launch.ts';

export const NAME = 'thinkmeter';

/** Settings that belong to one server. They leave with its address, so that no key is sent to another server. */
const OF_A_SERVER = [
  'THINKMETER_ENGINE',
  'THINKMETER_BASE_URL',
  'THINKMETER_API_KEY',
  'THINKMETER_HEADERS',
  'THINKMETER_SESSION_HEADER',
  'THINKMETER_MODEL',
  'THINKMETER_TOKENIZER',
  'THINKMETER_DTYPE',
];

const ADDRESS = ['THINKMETER_ENGINE', 'THINKMETER_BASE_URL'];

/** Fields of a server that is reached by HTTP. An entry with a command must not have them. */
const OF_HTTP = ['url', 'serverUrl', 'httpUrl', 'headers'];

/** `value`: the secret itself, which then stands in the file. `variable`: the name of the variable that holds it. */
export type Secret = { readonly value: string } | { readonly variable: string };

/** By the setting's variable, such as THINKMETER_API_KEY. */
export type Secrets = Readonly<Record<string, Secret>>;

export function entryFor(client: Client, launch: Launch, secrets: Secrets): JsonObject {
  const { keyFrom } = client;
  const texts: Record<string, string> = {};
  const forwarded: string[] = [];
  for (const [setting, secret] of Object.entries(secrets)) {
    if ('value' in secret) texts[setting] = secret.value;
    else if (keyFrom?.kind === 'text') texts[setting] = keyFrom.of(secret.variable);
    else forwarded.push(secret.variable);
  }
  const entry = client.entry({ ...launch, env: { ...launch.env, ...texts } });
  return keyFrom?.kind === 'list' && forwarded.length > 0 ? { ...entry, [keyFrom.field]: forwarded } : entry;
}

/** The variables of an entry that is there. */
export function variablesOf(client: Client, old: Json | undefined): Readonly<Record<string, string>> {
  const variables = isJsonObject(old) ? old[client.variables] : undefined;
  if (!isJsonObject(variables)) return {};
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, it]) => (typeof it === 'string' ? [[name, it]] : [])),
  );
}

/** `entry`, with all that `old` has besides. */
export function joinEntries(client: Client, old: Json | undefined, entry: JsonObject): JsonObject {
  if (!isJsonObject(old)) return entry;
  const before = isJsonObject(old[client.variables]) ? (old[client.variables] as JsonObject) : {};
  const now = entry[client.variables] as JsonObject;
  const movedTo = ADDRESS.some((name) => before[name] !== now[name]) ? OF_A_SERVER : [];
  const list = client.keyFrom?.kind === 'list' ? client.keyFrom.field : undefined;
  const listed = (list === undefined ? [] : listOf(entry[list])).filter((name) => typeof name === 'string');
  const gone = [...movedTo, ...listed];
  const { [list ?? '']: oldList, ...rest } = without(old, OF_HTTP);
  const forwarded = listOf(oldList).filter(
    (name) => typeof name !== 'string' || (!gone.includes(name) && now[name] === undefined),
  );
  const names = [...new Set([...forwarded, ...listed])];
  const joined = { ...rest, ...entry, [client.variables]: { ...without(before, gone), ...now } };
  return list === undefined || names.length === 0 ? joined : { ...joined, [list]: names };
}

function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [];
}

function without(object: JsonObject, names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}
