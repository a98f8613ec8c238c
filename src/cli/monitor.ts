/** `thinkmeter monitor`: the live state of a server, with a timed request of its own every so often. */
import type { Outcome } from '../budget/outcome.ts';
import type { Parts } from '../compose.ts';
import { CancelledError, ThinkmeterError, toSentence } from '../errors.ts';
import { readGpus, type Gpu } from '../host/gpu.ts';
import { serverMemory, type ServerMemory } from '../host/processes.ts';
import { toStatusResult } from '../status/schema.ts';
import type { Status } from '../status/status.ts';
import { counted, statusText } from '../status/text.ts';
import { pause } from '../wait.ts';
import { numberOption } from './number-option.ts';
import type { Terminal } from './terminal.ts';

export type MonitorOptions = {
  readonly every: string;
  readonly probe: string;
  readonly once?: boolean;
  readonly json?: boolean;
};

/** The timed request: tokens in all, half of them for thinking. */
const PROBE_BUDGET = 256;
const PROBE_ANSWER = 256;
const PROBE_QUESTION = 'Compute 12^2 + 345*7 - 2^9 + 678*3 - 19^2 + 4^5, step by step, and explain each step.';

const CLEAR_SCREEN = '\u001B[2J\u001B[H';

type Probe = { readonly at: string; readonly outcome?: Outcome; readonly fault?: string };

type View = {
  readonly at: string;
  readonly status: Status;
  readonly gpus: readonly Gpu[];
  readonly memory: ServerMemory | undefined;
  readonly probe: Probe | undefined;
};

export async function monitor(
  options: MonitorOptions,
  parts: Parts,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const inSeconds = { least: 0, most: 86_400, of: 'seconds' } as const;
  const everyMs = 1000 * numberOption('--every', options.every, inSeconds);
  const probeMs = 1000 * numberOption('--probe', options.probe, inSeconds);
  const { clock } = parts.runner;
  let probe: Probe | undefined;
  let nextProbe = clock.now();
  let probing: Promise<void> | undefined;
  try {
    for (;;) {
      // oxlint-disable no-await-in-loop -- one look after another
      if (probeMs > 0 && probing === undefined && clock.now() >= nextProbe) {
        nextProbe = clock.now() + probeMs;
        // it rejects only if the signal aborts, or by a bug: the code that awaits it gets the error
        probing = timedRequest(parts, signal).then((done) => {
          probe = done;
          probing = undefined;
        });
        probing.catch(() => undefined);
        if (options.once === true) await probing;
      }
      const view = await look(parts, probe, signal);
      terminal.stdout.write(shown(view, options, terminal));
      if (options.once === true) return;
      await pause(everyMs, signal, clock);
      // oxlint-enable no-await-in-loop
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new CancelledError('the monitor was stopped', { cause: error });
  } finally {
    await probing?.catch(() => undefined);
  }
}

async function look({ runner }: Parts, probe: Probe | undefined, signal: AbortSignal): Promise<View> {
  const [status, gpus] = await Promise.all([runner.status(signal), readGpus()]);
  const memory = status.engine && (await serverMemory(status.engine));
  return { at: new Date().toISOString(), status, gpus, memory, probe };
}

async function timedRequest({ runner }: Parts, signal: AbortSignal): Promise<Probe> {
  const at = new Date().toISOString();
  const question = {
    system: [],
    user: [{ from: 'ours', text: PROBE_QUESTION }],
    thinkingBudget: { tokens: PROBE_BUDGET, given: false },
    answerTokens: { tokens: PROBE_ANSWER, given: false },
    maxSeconds: 120,
  } as const;
  try {
    return { at, outcome: await runner.run(question, { signal, startedAt: runner.clock.now() }) };
  } catch (error) {
    if (signal.aborted || !(error instanceof ThinkmeterError)) throw error;
    return { at, fault: toSentence(error) };
  }
}

function shown(view: View, { json }: MonitorOptions, { stdout }: Terminal): string {
  if (json === true) return `${JSON.stringify(asJson(view))}\n`;
  const screen = `${view.at}  thinkmeter monitor\n\n${[statusText(view.status), ...hostLines(view), probeLine(view.probe)].join('\n')}\n`;
  return stdout.isTTY === true ? CLEAR_SCREEN + screen : `${screen}\n`;
}

function asJson({ at, status, gpus, memory, probe }: View): object {
  return {
    at,
    ...toStatusResult(status),
    ...(memory && { server_memory: { processes: memory.processes, resident_mib: memory.residentMiB } }),
    gpus: gpus.map(({ name, busy, usedMiB, totalMiB, watts }) => ({
      name,
      ...(busy !== undefined && { busy_percent: busy }),
      ...(usedMiB !== undefined && { used_mib: Math.round(usedMiB) }),
      ...(totalMiB !== undefined && { total_mib: totalMiB }),
      ...(watts !== undefined && { watts }),
    })),
    ...(probe && { probe: probeJson(probe) }),
  };
}

function probeJson({ at, outcome, fault }: Probe): object {
  if (outcome === undefined) return { at, fault };
  const { counts, timing, thinkingEndedBy, mechanism, honored } = outcome;
  return {
    at,
    first_token_ms: Math.round(timing.firstTokenMs),
    total_ms: Math.round(timing.totalMs),
    tokens_per_second: Math.round(timing.tokensPerSecond * 10) / 10,
    thinking_tokens: counts.thinking,
    answer_tokens: counts.answer,
    ended_by: thinkingEndedBy,
    mechanism,
    honored,
  };
}

function hostLines({ gpus, memory }: View): string[] {
  const ofServer =
    memory === undefined
      ? []
      : [`server's memory: ${memory.residentMiB} MiB in ${counted(memory.processes, 'process', 'processes')}`];
  return [
    ...ofServer,
    ...gpus.map(({ name, busy, usedMiB, totalMiB, watts }) => {
      const figures = [
        busy === undefined ? '' : `${busy} % busy`,
        usedMiB === undefined ? '' : `${Math.round(usedMiB)}${totalMiB === undefined ? '' : ` of ${totalMiB}`} MiB`,
        watts === undefined ? '' : `${watts} W`,
      ];
      return `gpu: ${[name, ...figures.filter((figure) => figure !== '')].join(', ')}`;
    }),
  ];
}

function probeLine(probe: Probe | undefined): string {
  if (probe === undefined) return 'timed request: none yet';
  const { at, outcome, fault = '' } = probe;
  if (outcome === undefined) return `timed request at ${at}: ${fault}`;
  const { timing, counts, thinkingEndedBy } = outcome;
  return `timed request at ${at}: first token ${Math.round(timing.firstTokenMs)} ms, ${timing.tokensPerSecond.toFixed(1)} tokens/s, ${(timing.totalMs / 1000).toFixed(1)} s, thinking ${counts.thinking} of ${PROBE_BUDGET} (ended by ${thinkingEndedBy})`;
}
