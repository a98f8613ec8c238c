/**
 * The program, which `start.ts` loads: settings → engine → server → transport. Only this file reads the arguments, the
 * environment and the process's streams, and only this file ends the process.
 */
import { Console } from 'node:console';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import type { Actions } from './cli/program.ts';
import type { Terminal } from './cli/terminal.ts';
import type { Parts } from './compose.ts';
import { loadConfig, toError, type Config, type Flags, type SettingNotice } from './config/load.ts';
import { readProxies } from './config/proxies.ts';
import { SETTINGS, type SettingName } from './config/options.ts';
import { stateFolder } from './state/place.ts';
import type { State } from './state/state.ts';
import { CancelledError, ThinkmeterError, WrongSettingsError, asSentence, toSentence } from './errors.ts';

// a host keeps this program for days, next to a model: V8 may collect more often, to keep less (`npm run bench:memory`)
for (const flag of ['--semi-space-growth-factor=1', '--heap-growing-percent=20']) setFlagsFromString(flag);

const EXIT = { fine: 0, failed: 1, usage: 2, bug: 70 } as const;

const here = import.meta.url;

// oxlint-disable-next-line node/no-process-env -- the one place where the environment is read
const env = process.env;
const installation = {
  worker: new URL('worker.js', here),
  demoModel: fileURLToPath(new URL('../models/thinkmeter-demo', here)),
  stateFolder: stateFolder({ platform: process.platform, home: homeFolder(), env }),
};
const { stdin, stdout, stderr } = process;
/** Docker, Podman */
const CONTAINER_FILES = ['/.dockerenv', '/run/.containerenv'];
const network = { proxies: readProxies(env), inContainer: CONTAINER_FILES.some((file) => existsSync(file)) };
const terminal: Terminal = { stdin, stdout, stderr, color: (env['NO_COLOR'] ?? '') === '' };

// stdout belongs to the protocol and to answers: console output of libraries goes to stderr
globalThis.console = new Console(stderr);

const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    // a second signal ends the process at once
    if (interrupted.signal.aborted) process.exit(EXIT.failed);
    interrupted.abort();
  });
}
// the reader of the pipe has ended, as in `thinkmeter ask … | head`; the command ends in order, because `process.exit`
// while the embedded model computes in its thread aborts the process
let isUnread = false;
stdout.on('error', () => {
  isUnread = true;
  interrupted.abort();
});

const actions: Actions = {
  serve: (flags) => serve(flags),
  ask: (question, options, flags) =>
    withParts(flags, import('./cli/ask.ts'), async ({ ask }, parts) => {
      // a person at a terminal can interrupt, so only a limit given for this question applies
      const maxSeconds = flags.maxSeconds === undefined ? undefined : parts.defaults.maxSeconds;
      const patient = { ...parts, defaults: { ...parts.defaults, maxSeconds } };
      await ask(question, options, patient, terminal, interrupted.signal);
    }),
  runs: async (action, flags) => {
    const { runs } = await import('./cli/runs.ts');
    await withState(flags, (state) => runs(action, state, terminal));
  },
  usage: async (options, flags) => {
    const [{ usage }, { pricesOf }] = await Promise.all([import('./cli/usage.ts'), import('./compose.ts')]);
    await withState(flags, (state, config) => usage(options, state, pricesOf(config), terminal));
  },
  tune: (file, options, flags) =>
    withParts(flags, import('./cli/tune.ts'), ({ tuneFile }, parts) =>
      tuneFile(file, options, parts, terminal, interrupted.signal),
    ),
  profiles: async (action, flags) => {
    const { profiles } = await import('./cli/profiles.ts');
    await withState(flags, (state) => profiles(action, state, terminal));
  },
  doctor: (options, flags) =>
    withParts(flags, import('./cli/doctor.ts'), ({ doctor }, parts) =>
      doctor(options, parts, terminal, interrupted.signal),
    ),
  monitor: (options, flags) =>
    withParts(flags, import('./cli/monitor.ts'), ({ monitor }, parts) =>
      monitor(options, parts, terminal, interrupted.signal),
    ),
  init: async (client, options, flags) => {
    const { config, warnings } = checkedSettings(flags);
    for (const { what, fix } of warnings) stderr.write(`note: ${asSentence(what)} ${asSentence(fix)}\n`);
    const [{ init }, { serverSearch }] = await Promise.all([import('./cli/init.ts'), import('./compose-search.ts')]);
    // Electron's and Node's names of platforms; the other Unix systems keep files as Linux does
    const platform = process.platform === 'win32' || process.platform === 'darwin' ? process.platform : 'linux';
    const context = {
      machine: { platform, home: homedir(), env, folder: process.cwd() },
      running: { node: process.execPath, program: fileURLToPath(new URL('main.js', here)), platform },
      flags,
      config,
      ...serverSearch(network),
    } as const;
    await init(client, options, context, terminal, interrupted.signal);
  },
  serveModel: async (model, options) => {
    const { serveModel } = await import('./cli/serve-model.ts');
    await serveModel(model, options, terminal, interrupted.signal);
  },
  demo: async (flags) => {
    const settings = { engine: 'demo', ...flags };
    const [{ demo }, { calledAs }, { parts }] = await Promise.all([
      import('./cli/demo.ts'),
      import('./init/launch.ts'),
      prepare(settings),
    ]);
    await parts.engine.close();
    // settings go as variables: other users of the machine can read a command line, and a setting may be a key
    const server = {
      command: process.execPath,
      args: [fileURLToPath(new URL('main.js', here))],
      env: { ...present(env), ...asVariables(settings) },
    };
    await demo(server, calledAs(process.argv[1] ?? '', process.cwd()), terminal, interrupted.signal);
  },
};

/** Serves over stdin and stdout until the client has gone, with wrong settings too: then calls and status say so. */
async function serve(flags: Flags, mistakes: readonly SettingNotice[] = []): Promise<void> {
  const [{ serveUntilGone }, { config, parts }] = await Promise.all([import('./cli/serve.ts'), build(flags, mistakes)]);
  if (parts.problems.length > 0) parts.log.error(toSentence(toError(parts.problems)));
  await serveUntilGone(parts, config, terminal, interrupted.signal);
}

/** Builds the parts for a command, runs it, and closes the engine afterwards. */
async function withParts<Command>(
  flags: Flags,
  loading: Promise<Command>,
  use: (command: Command, parts: Parts) => Promise<void>,
): Promise<void> {
  const [command, { parts }] = await Promise.all([loading, prepare(flags)]);
  try {
    await use(command, parts);
  } finally {
    await Promise.all([parts.engine.close(), parts.state.close()]);
  }
}

/** For a command that only reads and writes the state file. */
async function withState(flags: Flags, use: (state: State, config: Config) => Promise<void>): Promise<void> {
  const { config } = checkedSettings(flags);
  const { openState } = await import('./compose.ts');
  const state = openState(config, installation, () => undefined);
  try {
    await use(state, config);
  } finally {
    await state.close();
  }
}

/** For a command that builds no parts. @throws {WrongSettingsError} if a setting cannot be used */
function checkedSettings(flags: Flags): ReturnType<typeof loadConfig> {
  const settings = loadConfig(flags, env);
  if (settings.problems.length > 0) throw toError(settings.problems);
  return settings;
}

type Prepared = { readonly config: Config; readonly parts: Parts };

/** @throws {WrongSettingsError} if a setting cannot be used */
async function prepare(flags: Flags): Promise<Prepared> {
  const built = await build(flags);
  if (built.parts.problems.length > 0) throw toError(built.parts.problems);
  return built;
}

async function build(flags: Flags, mistakes: readonly SettingNotice[] = []): Promise<Prepared> {
  const loaded = loadConfig(flags, env);
  const settings = { ...loaded, problems: [...mistakes, ...loaded.problems] };
  const [{ compose }, { createLog }] = await Promise.all([import('./compose.ts'), import('./log.ts')]);
  const { config } = settings;
  return { config, parts: compose(settings, installation, createLog(config.logLevel), network) };
}

function asVariables(flags: Flags): Record<string, string> {
  return present(
    Object.fromEntries(Object.entries(SETTINGS).map(([name, { variable }]) => [variable, flags[name as SettingName]])),
  );
}

function present(variables: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

/** Empty: there is no HOME, and the user is not in the list of users, as in some containers. */
function homeFolder(): string {
  try {
    return homedir();
  } catch {
    return '';
  }
}

/** Sets the exit code, and reports an error as a sentence. The process ends when nothing is left to do. */
try {
  // most clients give no arguments, and need not wait for the parser of a command line
  if (process.argv.length > 2) process.exitCode = await runCommand();
  else await serve({});
} catch (error) {
  process.exitCode = report(error);
}

async function runCommand(): Promise<number> {
  const [{ createProgram, mistakeOfServer }, { CommanderError }] = await Promise.all([
    import('./cli/program.ts'),
    import('commander'),
  ]);
  const program = createProgram(actions, {
    out: (text) => stdout.write(text),
    err: (text) => stderr.write(text),
  });
  try {
    await program.parseAsync();
    return EXIT.fine;
  } catch (error) {
    const mistake = stdin.isTTY ? undefined : mistakeOfServer(program, error);
    if (mistake === undefined) {
      if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.usage;
      throw error;
    }
    const fix = 'correct the arguments in the configuration of your MCP client; thinkmeter --help lists the options';
    await serve(program.opts<Flags>(), [{ what: `the arguments of thinkmeter are wrong: ${mistake}`, fix }]);
    return EXIT.usage;
  }
}

function report(error: unknown): number {
  if (isUnread) return EXIT.fine;
  if (error instanceof CancelledError) return EXIT.failed;
  if (error instanceof ThinkmeterError && error.audience !== 'nobody') {
    stderr.write(`thinkmeter: ${toSentence(error)}\n`);
    const isUsage = error.code === 'INVALID_INPUT' || error instanceof WrongSettingsError;
    return isUsage ? EXIT.usage : EXIT.failed;
  }
  stderr.write(
    `thinkmeter: a bug, please report it: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return EXIT.bug;
}
