/** `thinkmeter init`: adds this server to the settings file of an MCP client. */
import { InvalidInputError } from '../errors.ts';
import { block, pathOf, readEntry, withEntry } from '../init/change.ts';
import { CLIENTS, type Client } from '../init/clients.ts';
import { entryFor, variablesOf, type Secret } from '../init/entry.ts';
import { backUp, exists, readSettings, usedFile, writeSettings } from '../init/files.ts';
import type { JsonObject } from '../init/json-edit.ts';
import { commandFor, isInNpxCache } from '../init/launch.ts';
import { join, type Machine } from '../init/locations.ts';
import { chooseSettings, type InitContext } from './init-settings.ts';
import { Questions } from './questions.ts';
import type { Terminal } from './terminal.ts';

export type InitOptions = { readonly print?: boolean; readonly yes?: boolean; readonly project?: boolean };

const TRY = 'Use the reason tool of thinkmeter: 2^10 + 3^5 - 4^3 = ?';

/** @throws {InvalidInputError} for an unknown client, or if a question is open and stdin is not a terminal */
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
    throw new InvalidInputError('init asks questions, and this is not a terminal', {
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

/** On a terminal, asks before it writes. @returns whether the file contains the entry now */
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

/** As a screen may show it. */
function toHidden([setting, secret]: [string, Secret]): [string, Secret] {
  return [setting, 'value' in secret ? { value: '…' } : secret];
}
