/** `thinkmeter serve-model`: the right `vllm serve` command, with the reason for every flag; `--run` runs it. */
import { WrongSettingsError } from '../errors.ts';
import { runInForeground } from '../host/programs.ts';
import { gib, PROFILES, serveCommand, type Profile, type ServeCommand } from '../serving/command.ts';
import { numberOption } from './number-option.ts';
import type { Terminal } from './terminal.ts';

/** of a window, or of sequences at once */
const COUNT = { least: 1, most: 10_000_000, whole: true } as const;

export type ServeModelOptions = {
  readonly gpuMemory: string;
  readonly utilization: string;
  readonly context?: string;
  readonly sequences?: string;
  readonly profile: string;
  readonly port: string;
  readonly json?: boolean;
  readonly run?: boolean;
};

export async function serveModel(
  model: string,
  options: ServeModelOptions,
  { stdout, stderr }: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const command = serveCommand({
    model,
    gpuMemory: numberOption('--gpu-memory', options.gpuMemory, { least: 1, most: 10_000 }),
    utilization: numberOption('--utilization', options.utilization, { least: 0.1, most: 0.99 }),
    context: options.context === undefined ? undefined : numberOption('--context', options.context, COUNT),
    sequences: options.sequences === undefined ? undefined : numberOption('--sequences', options.sequences, COUNT),
    profile: profileOf(options.profile),
    port: numberOption('--port', options.port, { least: 1, most: 65_535, whole: true }),
  });
  if (options.json === true) stdout.write(`${JSON.stringify({ ...command, command: words(command) })}\n`);
  else stdout.write(`${shellCommand(command)}\n`);
  if (options.json !== true) stderr.write(`\n${reasons(command)}\n`);
  const [program = 'vllm', ...args] = words(command);
  if (options.run === true) await runInForeground(program, args, signal);
}

function words({ model, flags }: ServeCommand): string[] {
  return [
    'vllm',
    'serve',
    model,
    ...flags.flatMap(({ flag, value }) => (value === undefined ? [flag] : [flag, value])),
  ];
}

/** To be pasted into a shell. */
function shellCommand({ model, flags }: ServeCommand): string {
  const lines = flags.map(({ flag, value }) => (value === undefined ? flag : `${flag} ${quoted(value)}`));
  return [`vllm serve ${model}`, ...lines].join(' \\\n  ');
}

function quoted(value: string): string {
  return /^[\w./:-]+$/.test(value) ? value : `$'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

function reasons({ flags, memory, weights, notes }: ServeCommand): string {
  const widest = Math.max(...flags.map(({ flag }) => flag.length));
  const { available, runtime, states, kvPerSequence, kvRoom, fullSequences } = memory;
  return [
    ...flags.map(({ flag, why }) => `${flag.padEnd(widest)}  ${why}`),
    '',
    `memory: ${gib(available)} for vLLM = weights ${gib(memory.weights)} (${weights}) + runtime about ${gib(runtime)} + Mamba states ${gib(states)} + KV cache ${gib(kvRoom)}`,
    `        a request at full length takes ${gib(kvPerSequence)} of KV cache: ${fullSequences.toFixed(1)} such requests fit`,
    ...notes.map((note) => `note: ${note}`),
  ].join('\n');
}

function profileOf(text: string): Profile {
  const profile = PROFILES.find((name) => name === text);
  if (profile !== undefined) return profile;
  throw new WrongSettingsError(`--for is ${text}, but must be ${PROFILES.join(' or ')}`, {
    hint: 'see thinkmeter serve-model --help',
  });
}
