/** `thinkmeter doctor`: what was found, what holds, and how to fix what does not. */
import type { Outcome } from '../budget/outcome.ts';
import type { Parts } from '../compose.ts';
import { UnhealthyError } from '../errors.ts';
import { named, toStatusResult } from '../status/schema.ts';
import type { Status } from '../status/status.ts';
import { loadFigures, speedFigures, promptsLine } from '../status/text.ts';
import { StatusLine, type Terminal } from './terminal.ts';

export type DoctorOptions = { readonly json?: boolean };

/** @throws {UnhealthyError} when no call can be answered as it should be */
export async function doctor(
  options: DoctorOptions,
  parts: Parts,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const line = new StatusLine(terminal);
  line.show('testing the server …');
  const { status, outcome } = await parts.runner.examine(signal).finally(() => line.clear());
  const result = toStatusResult(status);
  if (options.json === true) terminal.stdout.write(`${JSON.stringify(result)}\n`);
  else terminal.stdout.write(screen(status, outcome));
  if (!result.ok) throw new UnhealthyError('calls cannot be answered until the problems marked ✗ are fixed', {});
}

/** characters */
const LABEL = 12;

function screen(status: Status, outcome: Outcome | undefined): string {
  const problems = status.findings.flatMap(({ what, fix, grave }) => [`${grave ? '✗' : '!'} ${what}`, `  → ${fix}`]);
  const rows = [...known(status), ...(outcome === undefined ? [] : called(outcome))];
  const table = rows.length === 0 ? [] : [...rows.map(([label = '', text]) => label.padEnd(LABEL) + text), ''];
  return [...table, ...(problems.length === 0 ? ['✓ no problems found'] : problems), ''].join('\n');
}

function known({ facts, engine, load, tried, speeds = {} }: Status): string[][] {
  if (facts === undefined) return [];
  const { model, window, family, countedBy, native } = facts;
  const length = Number.isFinite(window) ? `${window} tokens` : 'unknown';
  return [
    ['server', engine === undefined ? facts.engine : named(engine)],
    ['model', `${model}, window ${length}, family ${family.name}`],
    ['prompts', promptsLine(engine, countedBy)],
    [
      'own budget',
      native === undefined ? 'none' : `${native.field}: ${tried['native'] ?? 'the self-test was inconclusive'}`,
    ],
    ...(engine === undefined ? [] : [['cut', cutLine(tried['stream'])]]),
    ...(load === undefined ? [] : [['load', loadFigures(load)]]),
    ...(Object.keys(speeds).length === 0 ? [] : [['calls', speedFigures(speeds)]]),
    ...(engine?.limitations ?? []).map((line, index) => [index === 0 ? 'limitations' : '', line]),
  ];
}

function cutLine(stream: string | undefined): string {
  if (stream === undefined) return 'not known yet whether an aborted request stops on the server';
  return stream === 'held' ? 'an aborted request stops on the server' : stream;
}

function called({ counts, budget, thinkingEndedBy, mechanism, timing, answer, honored }: Outcome): string[][] {
  const { firstTokenMs, totalMs, tokensPerSecond } = timing;
  const held = honored ? 'budget held' : 'budget NOT held by the server';
  return [
    [
      'a call',
      `thinking ${counts.thinking} of ${budget} tokens, ended by ${thinkingEndedBy}; mechanism ${mechanism}, ${held}; answer: ${answer.replaceAll(/\s+/g, ' ').slice(0, 40)}`,
    ],
    [
      'speed',
      `first token ${Math.round(firstTokenMs)} ms, ${tokensPerSecond.toFixed(1)} tokens/s, ${(totalMs / 1000).toFixed(1)} s in total`,
    ],
  ];
}
