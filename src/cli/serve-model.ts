/** `thinkmeter serve-model`: the right `vllm serve` command, with the reason for every flag; `--run` runs it. */
import { WrongSettingsError } from '../errors.ts';
import { runInForeground } from '../host/programs.ts';
import { gib, PROFILES, serveCommand, type Profile, type ServeCommand } from '../serving/command.ts';
import type { Terminal } from './terminal.ts';

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
    gpuMemory: number('--gpu-memory', options.gpuMemory, 1, 10_000),
    utilization: number('--utilization', options.utilization, 0.1, 0.99),
    context: options.context === undefined ? undefined : whole('--context', options.context),
    sequences: options.sequences === undefined ? undefined : whole('--sequences', options.sequences),
    profile: profileOf(options.profile),
    port: whole('--port', options.port),
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

function number(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most) return value;
  throw new WrongSettingsError(`${flag} is ${text}, but must be a number from ${least} to ${most}`, {
    hint: 'see thinkmeter serve-model --help',
  });
}

function whole(flag: string, text: string): number {
  const value = number(flag, text, 1, 10_000_000);
  if (Number.isInteger(value)) return value;
  throw new WrongSettingsError(`${flag} is ${text}, but must be a whole number`, {
    hint: 'see thinkmeter serve-model --help',
  });
}

function profileOf(text: string): Profile {
  const profile = PROFILES.find((name) => name === text);
  if (profile !== undefined) return profile;
  throw new WrongSettingsError(`--for is ${text}, but must be ${PROFILES.join(' or ')}`, {
    hint: 'see thinkmeter serve-model --help',
  });
}
