/** `thinkmeter doctor`: what was found, what holds, and how to mend what does not. */
import type { Outcome } from '../budget/outcome.ts';
import type { Parts } from '../compose.ts';
import { UnhealthyError } from '../errors.ts';
import { named, toStatusResult } from '../status/schema.ts';
import type { Status } from '../status/status.ts';
import { loadFigures } from '../status/text.ts';
import type { Terminal } from './terminal.ts';

export type DoctorOptions = { readonly json?: boolean };

/** @throws {UnhealthyError} when no call can be answered as it should be */
export async function doctor(
  options: DoctorOptions,
  parts: Parts,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const { status, outcome } = await parts.runner.examine(signal);
  const result = toStatusResult(status);
  if (options.json === true) terminal.stdout.write(`${JSON.stringify(result)}\n`);
  else terminal.stdout.write(screen(status, outcome));
  if (!result.ok) throw new UnhealthyError('what is marked ✗ has to be mended first', {});
}

/** characters */
const LABEL = 12;

function screen(status: Status, outcome: Outcome | undefined): string {
  const faults = status.findings.flatMap(({ what, fix, grave }) => [`${grave ? '✗' : '!'} ${what}`, `  → ${fix}`]);
  const rows = [...known(status), ...(outcome === undefined ? [] : called(outcome))];
  const table = rows.length === 0 ? [] : [...rows.map(([label = '', text]) => label.padEnd(LABEL) + text), ''];
  return [...table, ...(faults.length === 0 ? ['✓ nothing to mend'] : faults), ''].join('\n');
}

function known({ facts, engine, load, tried }: Status): string[][] {
  if (facts === undefined) return [];
  const { model, window, family, countedBy, native } = facts;
  const length = Number.isFinite(window) ? `${window} tokens` : 'not known';
  return [
    ['server', engine === undefined ? facts.engine : named(engine)],
    ['model', `${model}, window ${length}, family ${family.name}`],
    ['prompts', `by ${engine?.prompts ?? 'ids'}; tokens counted by ${countedBy}`],
    [
      'own budget',
      native === undefined ? 'none' : `${native.field}: ${tried['native'] ?? 'told nothing when it was tried'}`,
    ],
    ...(engine === undefined ? [] : [['cut', cutLine(tried['stream'])]]),
    ...(load === undefined ? [] : [['load', loadFigures(load)]]),
    ...(engine?.limitations ?? []).map((line, index) => [index === 0 ? 'limitations' : '', line]),
  ];
}

function cutLine(stream: string | undefined): string {
  if (stream === undefined) return 'not seen whether a request that is closed ends there';
  return stream === 'held' ? 'a request that is closed ends there' : stream;
}

function called({ counts, budget, thinkingEndedBy, mechanism, timing, answer, honored }: Outcome): string[][] {
  const { firstTokenMs, totalMs, tokensPerSecond } = timing;
  const held = honored ? 'held' : 'NOT held by the server';
  return [
    [
      'a call',
      `thinking ${counts.thinking} of ${budget} tokens by ${mechanism}, ${held}, ended by ${thinkingEndedBy}; answer: ${answer.replaceAll(/\s+/g, ' ').slice(0, 40)}`,
    ],
    [
      'speed',
      `first token ${Math.round(firstTokenMs)} ms, ${tokensPerSecond.toFixed(1)} tokens/s, ${(totalMs / 1000).toFixed(1)} s in all`,
    ],
  ];
}
