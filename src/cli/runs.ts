/** `thinkmeter runs`: the runs in the state file. The file is read and written here as by any server that runs. */
import { clipped } from '../clipped.ts';
import { InvalidInputError } from '../errors.ts';
import { localDay } from '../spending/spending.ts';
import type { StoredRun } from '../state/rows.ts';
import type { State } from '../state/state.ts';
import { numberOption } from './number-option.ts';
import { toTable } from './table.ts';
import { dimmed, type Terminal } from './terminal.ts';
import { checkUsable } from './usable-state.ts';

export type RunsAction =
  | { readonly kind: 'list'; readonly limit: string; readonly json: boolean }
  | { readonly kind: 'show'; readonly id: string; readonly json: boolean }
  | { readonly kind: 'export' }
  | { readonly kind: 'delete'; readonly ids: readonly string[]; readonly all: boolean };

/** Parts of the records of single runs, of failed ones and of batches. */
type Shown = {
  readonly answer?: string;
  readonly error?: string;
  readonly reasoning?: string | readonly string[];
  readonly thinking?: { readonly tokens: number; readonly ended_by?: string };
  readonly answer_tokens?: number;
  readonly results?: readonly { readonly index: number; readonly answer?: string; readonly error?: string }[];
  readonly totals?: { readonly thinking_tokens: number; readonly answer_tokens: number };
};

export async function runs(action: RunsAction, state: State, terminal: Terminal): Promise<void> {
  const print = (text: string): void => void terminal.stdout.write(`${text}\n`);
  switch (action.kind) {
    case 'list':
      await list(action, state, print);
      break;
    case 'show':
      show(await theOne(action.id, state), action.json, print, terminal);
      break;
    case 'export':
      for await (const run of state.all()) print(JSON.stringify(toJson(run)));
      break;
    case 'delete':
      await remove(action, state, print);
  }
  checkUsable(state);
}

async function list(
  { limit, json }: { readonly limit: string; readonly json: boolean },
  state: State,
  print: (text: string) => void,
): Promise<void> {
  const found = await state.list(numberOption('--limit', limit, { least: 1, most: 1_000_000, whole: true }));
  checkUsable(state);
  if (json) print(JSON.stringify({ runs: found.map(toJson) }));
  else if (found.length === 0) print('no runs are kept yet');
  else print(toTable(['run', 'time', 'tool', 'thinking', 'answer', 'question'], found.map(toRow)));
}

function toRow({ runId, at, tool, question, record }: StoredRun): string[] {
  const { thinking, answer_tokens: answer, totals, error } = record as Shown;
  return [
    runId.slice(0, 8),
    localTime(at),
    tool,
    String(thinking?.tokens ?? totals?.thinking_tokens ?? 0),
    error === undefined ? String(answer ?? totals?.answer_tokens ?? 0) : 'failed',
    clipped(question.replaceAll(/\s+/g, ' ').trim(), 60),
  ];
}

const two = (value: number): string => String(value).padStart(2, '0');

/** `2026-11-27 06:30` */
function localTime(at: number): string {
  const date = new Date(at);
  return `${localDay(date)} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

function toJson({ runId, at, tool, question, record }: StoredRun): object {
  return { run_id: runId, at: new Date(at).toISOString(), tool, question, ...record };
}

function show(run: StoredRun, json: boolean, print: (text: string) => void, terminal: Terminal): void {
  if (json) {
    print(JSON.stringify(toJson(run)));
    return;
  }
  const { answer, error, reasoning = '', results, thinking, answer_tokens: tokens } = run.record as Shown;
  terminal.stderr.write(`${dimmed(`${run.runId}, ${localTime(run.at)}, ${run.tool}`, terminal)}\n`);
  print(run.question.trim());
  if (typeof reasoning === 'string' && reasoning !== '') print(`\n${reasoning.trim()}`);
  for (const { index, ...item } of results ?? []) print(`[${index}] ${item.answer ?? item.error ?? ''}`);
  if (answer !== undefined) print(`\n${answer}`);
  if (error !== undefined) print(`\n${error}`);
  if (thinking !== undefined) {
    const ended = thinking.ended_by === undefined ? '' : `, ended by ${thinking.ended_by}`;
    terminal.stderr.write(
      `${dimmed(`${thinking.tokens} thinking tokens${ended}; ${tokens ?? 0} answer tokens`, terminal)}\n`,
    );
  }
}

async function remove(
  { ids, all }: { readonly ids: readonly string[]; readonly all: boolean },
  state: State,
  print: (text: string) => void,
): Promise<void> {
  if (all === ids.length > 0) {
    throw new InvalidInputError(all ? 'both --all and ids were given' : 'no run was named', {
      hint: 'give ids, as thinkmeter runs shows them, or --all',
    });
  }
  const found = await Promise.all(ids.map((id) => theOne(id, state)));
  const count = await state.delete(all ? 'all' : found.map(({ runId }) => runId));
  checkUsable(state);
  print(count === 1 ? '1 run was deleted' : `${count} runs were deleted`);
}

/** @throws {InvalidInputError} if no run, or more than one, has such an id */
async function theOne(id: string, state: State): Promise<StoredRun> {
  const [found, another] = await state.find(id);
  checkUsable(state);
  if (found === undefined) {
    throw new InvalidInputError(`no run has the id ${id}`, { hint: 'thinkmeter runs lists the runs that are kept' });
  }
  if (another !== undefined)
    throw new InvalidInputError(`several runs have ids that begin with ${id}`, { hint: 'give more of the id' });
  return found;
}
