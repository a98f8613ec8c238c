/** Which settings `thinkmeter init` writes: those that were given, the server that was found, and the answers of a person. */
import type { Config, Flags } from '../config/load.ts';
import { SETTINGS, type Setting, type SettingName } from '../config/options.ts';
import { wholePlaceholder } from '../config/placeholder.ts';
import type { FoundServer } from '../engine/found-server.ts';
import { InvalidInputError } from '../errors.ts';
import type { Client } from '../init/clients.ts';
import type { Secret, Secrets } from '../init/entry.ts';
import type { Running } from '../init/launch.ts';
import type { Machine } from '../init/locations.ts';
import {
  addressOf,
  DEMO,
  hasOwnEngine,
  noServerError,
  preferredModel,
  withServer,
  type Variables,
} from '../init/settings.ts';
import type { Questions } from './questions.ts';

export type InitContext = {
  readonly machine: Machine;
  readonly running: Running;
  readonly flags: Flags;
  /** what the flags and the variables of the machine mean */
  readonly config: Config;
  /** at an address, else on a default port of this machine */
  readonly findServer: (address: string | undefined, key: string | undefined) => Promise<FoundServer | undefined>;
  /** the default ports, as a text */
  readonly ports: string;
};

const KEY = 'THINKMETER_API_KEY';

type Choice = { readonly env: Variables; readonly secrets: Secrets };

/** @throws {ThinkmeterError} if no server was found, or a secret has no place in the file, and stdin is not a terminal */
export async function chooseSettings(
  client: Client,
  old: Variables,
  context: InitContext,
  isShared: boolean,
  questions: Questions | undefined,
  say: (line: string) => void,
): Promise<Choice> {
  const { given, secrets } = settingsOf(client, context, isShared);
  if (hasOwnEngine(given)) return { env: given, secrets: {} };
  const address = addressOf(given, old);
  // a key goes only to an address that came with it
  const key = given['THINKMETER_BASE_URL'] === undefined ? undefined : context.config.apiKey;
  const found = await search(address, key, context, questions, say);
  const isChosen = questions === undefined || given['THINKMETER_BASE_URL'] !== undefined;
  const server = isChosen ? found : await askServer(found, key, context, questions, say);
  if (server === undefined) {
    if (hasOwnEngine(old)) return { env: { ...old, ...given }, secrets: {} };
    if (questions !== undefined) return { env: { ...DEMO, ...given }, secrets: {} };
    throw noServerError(context.ports);
  }
  const isOpen = questions !== undefined && server.models.length > 1 && given['THINKMETER_MODEL'] === undefined;
  const model = isOpen ? await askModel(server, preferredModel(server, old), questions) : '';
  const env = withServer(given, server, model);
  if (Object.keys(secrets).length > 0 || server.state !== 'refused') return { env, secrets };
  if (questions === undefined || (isShared && client.keyFrom === undefined)) {
    say(`note: the server refused the request without a key; set ${KEY}, or add the key to the block`);
    return { env, secrets };
  }
  const asked = await askKey(client, questions);
  return { env, secrets: asked === undefined ? {} : { [KEY]: asked } };
}

/** More models are not shown as a list: some services have hundreds. */
const MOST_MODELS = 12;

/** An empty text: each start chooses. */
async function askModel({ models }: FoundServer, preferred: string | undefined, questions: Questions): Promise<string> {
  if (models.length > MOST_MODELS) {
    return questions.ask(`Which of ${models.length} models (empty: chosen at each start)`, preferred ?? '');
  }
  const others = models.filter((id) => id !== preferred);
  const choices = preferred === undefined ? ['', ...others] : [preferred, ...others, ''];
  return questions.choose('Which model', choices, (id) => (id === '' ? 'chosen at each start' : id));
}

/** Looks for a server, and says so. */
async function search(
  address: string | undefined,
  key: string | undefined,
  { findServer, ports }: InitContext,
  questions: Questions | undefined,
  say: (line: string) => void,
): Promise<FoundServer | undefined> {
  if (questions !== undefined)
    say(`looking for a model server at ${address ?? `the ports ${ports} of this machine`} …`);
  const found = await findServer(address, key);
  if (found?.state === 'answers') say(`found a model server at ${found.baseUrl}: ${named(found.models)}`);
  if (found?.state === 'silent') say(`note: no model server answers at ${found.baseUrl} now`);
  return found;
}

async function askServer(
  found: FoundServer | undefined,
  key: string | undefined,
  context: InitContext,
  questions: Questions,
  say: (line: string) => void,
): Promise<FoundServer | undefined> {
  if (found === undefined) say('no model server answers on this machine');
  const question =
    found === undefined ? 'Address of the model server (empty: the demo model)' : 'Address of the model server';
  const answer = await questions.ask(question, found?.baseUrl ?? '');
  if (answer === '' || answer === found?.baseUrl) return found;
  return search(answer, key, context, questions, say);
}

function named(models: readonly string[]): string {
  const rest = models.length - MOST_MODELS;
  return models.slice(0, MOST_MODELS).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

/** Settings given by flag or variable, as they are understood: quotes and placeholders have been removed. */
function settingsOf(
  client: Client,
  { flags, machine, config }: InitContext,
  isShared: boolean,
): { readonly given: Variables; readonly secrets: Secrets } {
  const given: Record<string, string> = {};
  const secrets: Record<string, Secret> = {};
  for (const [name, { variable, isSecret = false }] of Object.entries<Setting>(SETTINGS)) {
    const [flag, set] = [flags[name as SettingName], machine.env[variable]].map(isValue);
    const value = config[name as SettingName];
    if ((flag !== true && set !== true) || value === undefined) continue;
    if (isSecret) secrets[variable] = secretOf(client, variable, String(value), flag === true, isShared);
    else given[variable] = String(value);
  }
  return { given, secrets };
}

function isValue(text = ''): boolean {
  return text.trim() !== '' && wholePlaceholder(text.trim()) === undefined;
}

/** A secret in a variable stays there if the client can read it from there; one from a flag is written. */
function secretOf(client: Client, variable: string, value: string, isFlag: boolean, isShared: boolean): Secret {
  if (client.keyFrom !== undefined && (!isFlag || isShared)) return { variable };
  if (!isShared) return { value };
  throw new InvalidInputError(`${client.title} cannot read a key from a variable, and a project's file is shared`, {
    hint: 'run the command without --project',
  });
}

async function askKey(client: Client, questions: Questions): Promise<Secret | undefined> {
  if (client.keyFrom === undefined) {
    const value = await questions.askSecret(
      'The server needs a key. Its value, which will stand in the file (empty: none)',
    );
    return value === '' ? undefined : { value };
  }
  if (client.keyFrom.kind === 'list') {
    const isWanted = await questions.confirm(`The server needs a key. Read it from the variable ${KEY}?`, true);
    return isWanted ? { variable: KEY } : undefined;
  }
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- asks until the answer is a name
    const variable = await questions.ask('The server needs a key. Name of the variable that holds it', KEY);
    if (/^[A-Za-z_]\w*$/.test(variable)) return { variable };
  }
}
