/** The command line: its commands, their options and their help. */
import { Command, CommanderError, Help, type Argument, type Option } from 'commander';
import type { Flags } from '../config/load.ts';
import { SETTINGS, type Setting } from '../config/options.ts';
import { CLIENT_NAMES } from '../init/names.ts';
import { VERSION } from '../version.ts';
import type { AskOptions } from './ask.ts';
import type { DoctorOptions } from './doctor.ts';
import type { InitOptions } from './init.ts';
import type { RunsAction } from './runs.ts';
import type { MonitorOptions } from './monitor.ts';
import type { ServeModelOptions } from './serve-model.ts';
import type { ProfilesAction } from './profiles.ts';
import type { TuneOptions } from './tune.ts';
import type { UsageOptions } from './usage.ts';

export type Actions = {
  serve(flags: Flags): Promise<void>;
  ask(question: string | undefined, options: AskOptions, flags: Flags): Promise<void>;
  demo(flags: Flags): Promise<void>;
  doctor(options: DoctorOptions, flags: Flags): Promise<void>;
  monitor(options: MonitorOptions, flags: Flags): Promise<void>;
  runs(action: RunsAction, flags: Flags): Promise<void>;
  usage(options: UsageOptions, flags: Flags): Promise<void>;
  tune(file: string, options: TuneOptions, flags: Flags): Promise<void>;
  profiles(action: ProfilesAction, flags: Flags): Promise<void>;
  init(client: string | undefined, options: InitOptions, flags: Flags): Promise<void>;
  serveModel(model: string, options: ServeModelOptions): Promise<void>;
};

const ABOUT = `Runs problems on NVIDIA Nemotron under a thinking budget that is enforced, verified and reported.

Without a command, thinkmeter runs as an MCP server on stdin and stdout. This is how an MCP client starts it.`;

const EXAMPLES = `
Examples:
  thinkmeter init claude-desktop
  thinkmeter ask "2^10 + 3^5 - 4^3 = ?" --budget 256
  thinkmeter ask --engine demo --json < question.txt
  thinkmeter demo
  thinkmeter demo --engine vllm --base-url http://gpu-box:8000
  thinkmeter doctor
  thinkmeter serve-model --gpu-memory 22 --context 131072

Every setting can also be set by an environment variable, such as THINKMETER_BASE_URL. docs/settings.md lists them.
Exit codes: 0 success, 1 failure, 2 wrong usage or settings, 70 a bug.`;

export function createProgram(
  actions: Actions,
  write: { readonly out: (text: string) => void; readonly err: (text: string) => void },
): Command {
  const program = new Command('thinkmeter')
    .usage('[options] [command]')
    .description(ABOUT)
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .exitOverride()
    // the same option means the same before and after a command's name
    .enablePositionalOptions()
    .configureOutput({ writeOut: write.out, writeErr: write.err })
    .configureHelp({ groupItems: settingsLast, optionDescription: described, argumentDescription: argumentDescribed })
    .showHelpAfterError('(thinkmeter --help lists commands and options)')
    .addHelpText('after', EXAMPLES)
    .argument('[words...]')
    .action((words: string[], flags: Flags) => {
      if (words.length > 0) program.error(`error: unknown command ${words.join(' ')}`);
      return actions.serve(flags);
    });
  const ask = new AskCommand('ask')
    .copyInheritedSettings(program)
    .showHelpAfterError(
      '(options go before --, and a question that begins with - after it: thinkmeter ask --engine demo -- "-x = ?")',
    )
    .description('answer one question; the answer goes to stdout, the reasoning and the numbers go to stderr')
    .argument('[question]', 'the question (default: read from stdin)')
    .option(
      '-b, --budget <tokens>',
      'maximum thinking tokens, 0 to 32768 (default: 512, or the budget of the use case)',
    )
    .option('-c, --complexity <level>', 'use instead of a budget: simple, medium, complex or critical')
    .option('-a, --answer-tokens <tokens>', 'maximum answer tokens (default: 1024)')
    .option('--json', 'print the whole result as JSON')
    .option('-q, --quiet', 'print the answer only')
    .action((question: string | undefined, options: AskOptions, command: Command) =>
      actions.ask(question, options, command.optsWithGlobals()),
    );
  program.addCommand(ask);
  const demo = program
    .command('demo')
    .description(
      'run two problems under five budgets with a real model, through the MCP server (--engine vllm: on your own server)',
    )
    .action((_: Flags, command: Command) => actions.demo(command.optsWithGlobals()));
  const init = program
    .command('init')
    .description('add thinkmeter to the settings of an MCP client; settings given here go with it')
    .argument('[client]', `the client: ${CLIENT_NAMES.join(', ')}`)
    .option('-y, --yes', 'write without questions')
    .option('--print', 'print the block and write nothing')
    .option('--project', 'use the file of the project in this folder, which others share, instead of your own')
    .action((client: string | undefined, options: InitOptions, command: Command) =>
      actions.init(client, options, command.optsWithGlobals()),
    );
  const continued = addRuns(program, actions);
  addUsage(program, actions);
  const tune = addTune(program, actions);
  addProfiles(program, actions);
  const doctor = program
    .command('doctor')
    .description('find the server, test what it supports (a few dozen tokens), and explain how to fix each problem')
    .option('--json', 'print the findings as JSON')
    .action((options: DoctorOptions, command: Command) => actions.doctor(options, command.optsWithGlobals()));
  const monitor = program
    .command('monitor')
    .description('show the live state of the server, and time a request of 512 tokens at regular intervals')
    .option('--every <seconds>', 'interval between two polls', '2')
    .option('--probe <seconds>', 'interval between two timed requests; 0: none', '60')
    .option('--once', 'poll once, after one timed request')
    .option('--json', 'print a line of JSON for each poll')
    .action((options: MonitorOptions, command: Command) => actions.monitor(options, command.optsWithGlobals()));
  program
    .command('serve-model')
    .description('print the vllm serve command for a model and a GPU, with the reason for every flag')
    .argument('[model]', 'a Nemotron model', 'nvidia/NVIDIA-Nemotron-Nano-9B-v2')
    .option('--gpu-memory <GiB>', 'memory of one GPU', '22')
    .option('--utilization <share>', "vLLM's share of that memory, 0.1 to 0.99", '0.8')
    .option('--context <tokens>', "context window (default: the model's own)")
    .option('--sequences <count>', 'maximum requests at the same time (default: 4, or 64 for high-throughput)')
    .option('--for <profile>', 'profile: low-latency or high-throughput', 'low-latency')
    .option('--port <number>', 'port that vLLM listens on', '8000')
    .option('--json', 'print the command as JSON')
    .option('--run', 'also run the command')
    .action((model: string, { for: profile, ...options }: Omit<ServeModelOptions, 'profile'> & { for: string }) =>
      actions.serveModel(model, { ...options, profile }),
    );
  for (const command of [program, init, ask, continued, tune, demo, doctor, monitor]) addSettings(command);
  return program;
}

/** `thinkmeter runs` with its own commands; alone, it lists. Returns the one that calls the model, which needs settings. */
function addRuns(program: Command, actions: Actions): Command {
  const runs = program.command('runs').description('list, show, continue, export and delete the runs that are kept');
  const add = (name: string, description: string, isDefault = false): Command =>
    runs.command(name, { isDefault }).description(description).option('--state <file>', SETTINGS.state.help);
  add('list', 'list runs, newest first', true)
    .option('-n, --limit <count>', 'how many', '20')
    .option('--json', 'print JSON')
    .action(({ limit, json }: { limit: string; json?: boolean }, command: Command) =>
      actions.runs({ kind: 'list', limit, json: json === true }, command.optsWithGlobals()),
    );
  add('show', 'show one run')
    .argument('<run_id>', 'its id, or the beginning of it')
    .option('--json', 'print JSON')
    .action((id: string, { json }: { json?: boolean }, command: Command) =>
      actions.runs({ kind: 'show', id, json: json === true }, command.optsWithGlobals()),
    );
  add('export', 'print all runs, a line of JSON each, newest first').action((_: Flags, command: Command) =>
    actions.runs({ kind: 'export' }, command.optsWithGlobals()),
  );
  add('delete', 'delete runs')
    .argument('[run_ids...]', 'their ids, or the beginnings of them')
    .option('--all', 'every run')
    .action((ids: string[], { all }: { all?: boolean }, command: Command) =>
      actions.runs({ kind: 'delete', ids, all: all === true }, command.optsWithGlobals()),
    );
  return runs
    .command('continue')
    .description('think on from where a run ended, and answer; only the new tokens are generated')
    .argument('<run_id>', 'its id, or the beginning of it')
    .argument('[question]', 'a further question (default: the same one)')
    .option('-b, --budget <tokens>', 'maximum of further thinking tokens; 0: answer at once')
    .option('-a, --answer-tokens <tokens>', 'maximum answer tokens (default: 1024)')
    .option('--json', 'print the whole result as JSON')
    .option('-q, --quiet', 'print the answer only')
    .action((id: string, question: string | undefined, options: AskOptions, command: Command) =>
      actions.ask(question, { ...options, continueRun: id }, command.optsWithGlobals()),
    );
}

function addTune(program: Command, actions: Actions): Command {
  return program
    .command('tune')
    .description('measure which thinking budget is enough for the problems in a file, and recommend the cheapest')
    .argument('<file>', 'JSONL, JSON or CSV with questions and expected answers (GSM8K, multiple choice and others)')
    .option(
      '-m, --match <kind>',
      'how answers are compared: number, exact, contains, regex, choice, json (default: as the file shows, else number)',
    )
    .option(
      '--budgets <tokens>',
      'thinking budgets, separated by commas (default: 0,64,128,256,512,1024,2048); unlimited is always measured',
    )
    .option('--repeats <count>', 'runs of each problem, for models that sample', '1')
    .option('--tolerance <points>', 'points of accuracy that may be lost', '1')
    .option('--save-as <name>', 'save the recommended budget as a profile')
    .option('-o, --out <file>', 'write a report (HTML), and a CSV file beside it')
    .option('--json', 'print the result as JSON')
    .action((file: string, options: TuneOptions, command: Command) =>
      actions.tune(file, options, command.optsWithGlobals()),
    );
}

function addProfiles(program: Command, actions: Actions): void {
  const profiles = program.command('profiles').description('list, show and delete the budgets that tunings have found');
  const add = (name: string, description: string, isDefault = false): Command =>
    profiles.command(name, { isDefault }).description(description).option('--state <file>', SETTINGS.state.help);
  add('list', 'list profiles', true)
    .option('--json', 'print JSON')
    .action(({ json }: { json?: boolean }, command: Command) =>
      actions.profiles({ kind: 'list', json: json === true }, command.optsWithGlobals()),
    );
  for (const kind of ['show', 'delete'] as const) {
    add(kind, `${kind} one profile`)
      .argument('<name>', 'its name')
      .action((name: string, _: Flags, command: Command) =>
        actions.profiles({ kind, name }, command.optsWithGlobals()),
      );
  }
}

function addUsage(program: Command, actions: Actions): void {
  const usage = program
    .command('usage')
    .description('show what calls used, cost and saved, of all servers that share the state file')
    .option('-d, --days <count>', 'how many days, today included', '30')
    .option('--by <kind>', 'a line for each day, model or tool', 'day')
    .option('--project <tokens>', 'what a month of so many tokens costs with and without budgets, such as 10M')
    .option('--json', 'print JSON')
    .action((options: UsageOptions, command: Command) => actions.usage(options, command.optsWithGlobals()));
  const { state, pricePrompt, priceThinking, priceAnswer, priceGpuHour } = SETTINGS;
  addSettings(usage, [state, pricePrompt, priceThinking, priceAnswer, priceGpuHour]);
}

const SETTINGS_GROUP = 'Settings:';

/** `(default: 20)`: commander quotes texts, and numbers of the command line are texts. */
const QUOTED_DEFAULT = /\(default: "([^"]*)"\)/;

function described(option: Option): string {
  return new Help().optionDescription(option).replace(QUOTED_DEFAULT, '(default: $1)');
}

function argumentDescribed(argument: Argument): string {
  return new Help().argumentDescription(argument).replace(QUOTED_DEFAULT, '(default: $1)');
}

/** A command without options of its own would otherwise show --help behind its settings. */
function settingsLast<Item>(_: Item[], shown: Item[], groupOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const isSettings of [false, true]) {
    for (const item of shown.filter((it) => (groupOf(it) === SETTINGS_GROUP) === isSettings)) {
      groups.set(groupOf(item), [...(groups.get(groupOf(item)) ?? []), item]);
    }
  }
  return groups;
}

/** Takes `ask "-3x + 7 = 1, x = ?"` as a question (simonw/llm#1458, tj/commander.js#2341). */
class AskCommand extends Command {
  override parseOptions(args: string[]): ReturnType<Command['parseOptions']> {
    const takesValue = (word = ''): boolean =>
      this.options.some(({ short, long, required }) => required && [short, long].includes(word));
    const at = args.findIndex((word, index) => isQuestion(word) && !takesValue(args[index - 1]));
    const isAfterEnd = args.slice(0, at).includes('--');
    return super.parseOptions(
      at === -1 || isAfterEnd ? args : [...args.toSpliced(at, 1), '--', ...args.slice(at, at + 1)],
    );
  }
}

/** Begins with a minus, but is no option: options contain no blank, and begin with a letter. */
function isQuestion(word: string): boolean {
  return /^-[^-a-z]/i.test(word) || (/^-.*\s/s.test(word) && !/^--[\w-]+=/.test(word));
}

/**
 * The mistake in an option of the MCP server, in words; undefined if the error is another one, or a command was given.
 * Only a program starts the server, and no person sees how that program's arguments were refused.
 */
export function mistakeOfServer(program: Command, error: unknown): string | undefined {
  const isOption =
    error instanceof CommanderError &&
    (error.code === 'commander.unknownOption' || error.code === 'commander.optionMissingArgument');
  if (!isOption || program.args.some((word) => program.commands.some((command) => command.name() === word))) {
    return undefined;
  }
  return error.message.replace(/^error: /, '').replaceAll(/\s+/g, ' ');
}

function addSettings(command: Command, settings: readonly Setting[] = Object.values<Setting>(SETTINGS)): void {
  command.optionsGroup(SETTINGS_GROUP);
  for (const { flag, value, help, initial } of settings) {
    command.option(`${flag} <${value}>`, initial === '' ? help : `${help} (default: ${initial})`);
  }
}
