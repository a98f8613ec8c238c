/** `thinkmeter init`: adds this server to the settings file of an MCP client. */
import type { Config, Flags } from '../config/load.ts';
import { SETTINGS, type Setting, type SettingName } from '../config/options.ts';
import { wholePlaceholder } from '../config/placeholder.ts';
import { InvalidInputError } from '../errors.ts';
import { block, pathOf, readEntry, withEntry } from '../init/change.ts';
import { CLIENTS, type Client } from '../init/clients.ts';
import { entryFor, variablesOf, type Secret, type Secrets } from '../init/entry.ts';
import { backUp, exists, readSettings, usedFile, writeSettings } from '../init/files.ts';
import { commandFor, isInNpxCache, type Running } from '../init/launch.ts';
import { join, type Machine } from '../init/locations.ts';
import {
  addressOf,
  DEMO,
  hasOwnEngine,
  noServerError,
  preferredModel,
  withServer,
  type FoundServer,
  type Variables,
} from '../init/settings.ts';
import type { JsonObject } from '../init/json-edit.ts';
import { Questions } from './questions.ts';
import type { Terminal } from './terminal.ts';

export type InitOptions = { readonly print?: boolean; readonly yes?: boolean; readonly project?: boolean };

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

const TRY = 'Use the reason tool of thinkmeter: 2^10 + 3^5 - 4^3 = ?';

/** @throws {InvalidInputError} for an unknown client, or if there is nobody to answer a question */
export async function init(
  name: string | undefined,
  options: InitOptions,
  context: InitContext,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const asks = terminal.stdin.isTTY === true && options.yes !== true;
  const known = CLIENTS.find((client) => client.name === name);
  if (known === undefined && (name !== undefined || !asks)) {
    throw new InvalidInputError(name === undefined ? 'no client was given' : `unknown client ${name}`, {
      hint: `the clients are: ${CLIENTS.map((client) => client.name).join(', ')}`,
    });
  }
  if (!asks && options.yes !== true && options.print !== true) {
    throw new InvalidInputError('no terminal is there to answer questions', {
      hint: `run thinkmeter init ${known?.name ?? 'CLIENT'} --yes to write the file, or --print to see the block`,
    });
  }
  const questions = asks ? new Questions(terminal, signal) : undefined;
  try {
    await run(known, options, context, terminal, questions);
  } finally {
    questions?.close();
  }
}

async function run(
  given: Client | undefined,
  options: InitOptions,
  context: InitContext,
  terminal: Terminal,
  questions: Questions | undefined,
): Promise<void> {
  const { machine, running } = context;
  const say = (line: string): void => void terminal.stderr.write(`${line}\n`);
  const client = given ?? (await chooseClient(machine, questions as Questions));
  const file = await fileOf(client, options, machine);
  const isShared = options.project === true;
  // a block to paste depends on no file, and is what to use if the file cannot be changed
  const text = options.print === true ? '' : (await readSettings(file)).text;
  const old = variablesOf(client, readEntry(client, file, text));
  const { env, secrets } = await chooseSettings(client, old, context, isShared, questions, say);
  const launch = { ...commandFor(running, isShared), env };
  const entry = entryFor(client, launch, secrets);
  for (const [setting, secret] of Object.entries(secrets)) {
    if ('value' in secret) say(`note: the value of ${setting} will stand in ${file}, for whoever can read that file`);
    else say(`note: set ${secret.variable} in the environment that starts ${client.title}`);
  }
  if (!isShared && isInNpxCache(running.program)) {
    say('note: this program was started by npx, so the client starts it by npx too, and needs npx on its PATH');
    say('      npm install -g thinkmeter, and this command again, writes absolute paths');
  }
  if (options.print === true) {
    terminal.stdout.write(block(client, entry));
    say(`${client.title} reads this from ${file}`);
    return;
  }
  const isInstalled = isShared || (await isFound(client, machine));
  const shown = entryFor(client, launch, Object.fromEntries(Object.entries(secrets).map(toHidden)));
  if (await write(file, client, entry, shown, isInstalled, questions, say))
    say(`Next: ${client.restart}. Then ask: ${TRY}`);
}

/** Asks before it writes, if somebody is there to answer. @returns whether the file contains the entry now */
async function write(
  file: string,
  client: Client,
  entry: JsonObject,
  shown: JsonObject,
  isInstalled: boolean,
  questions: Questions | undefined,
  say: (line: string) => void,
): Promise<boolean> {
  // read again: the client may have written to its file while questions were answered
  const settings = await readSettings(file);
  const text = withEntry(client, file, settings.text, entry);
  if (text === settings.text) {
    say(`${file} already contains this block; nothing was changed`);
    return true;
  }
  if (questions !== undefined) {
    say(`\n${block(client, shown)}`);
    if (!isInstalled) say(`${client.title} seems not to be installed: neither its file nor its folder is there`);
    if (!(await questions.confirm(`Write this to ${file}?`, isInstalled))) {
      say('nothing was written');
      return false;
    }
  }
  const copy = settings.mode === undefined ? undefined : await backUp(file);
  await writeSettings(settings, text);
  say(`wrote ${pathOf(client).join('.')} to ${file}${copy === undefined ? '' : `; the file before is ${copy}`}`);
  return true;
}

/** Clients that are on this machine come first. */
async function chooseClient(machine: Machine, questions: Questions): Promise<Client> {
  const found = await Promise.all(CLIENTS.map(async (client) => ({ client, isThere: await isFound(client, machine) })));
  const sorted = found.toSorted((a, b) => Number(b.isThere) - Number(a.isThere));
  const { client } = await questions.choose('Which client', sorted, (it) =>
    it.isThere ? `${it.client.title} (found on this machine)` : it.client.title,
  );
  return client;
}

async function isFound(client: Client, machine: Machine): Promise<boolean> {
  const files = client.files(machine).flatMap(({ path, ifThere }) => [path, ifThere ?? path]);
  const there = await Promise.all([client.home(machine), ...files].map(exists));
  return there.includes(true);
}

async function fileOf(client: Client, { project }: InitOptions, machine: Machine): Promise<string> {
  if (project === true) {
    if (client.project !== undefined) return join(machine, machine.folder, ...client.project);
    throw new InvalidInputError(`${client.title} has no settings file for one project`, {
      hint: `run thinkmeter init ${client.name} without --project`,
    });
  }
  return usedFile(client.files(machine));
}

type Choice = { readonly env: Variables; readonly secrets: Secrets };

async function chooseSettings(
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

/** As a screen may show it. */
function toHidden([setting, secret]: [string, Secret]): [string, Secret] {
  return [setting, 'value' in secret ? { value: '…' } : secret];
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
