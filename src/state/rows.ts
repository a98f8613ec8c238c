/** A run as a row of the file. */
import type { Earlier, Question } from '../prompt/question.ts';
import type { Database } from './libsql.ts';
import { inTransaction } from './transaction.ts';

export type NewRun = {
  readonly runId: string;
  readonly tool: string;
  readonly question: string;
  /** plain data; absent: the run is not over */
  readonly record?: object;
  /** the question as it was rendered, and the thinking that a later run can continue */
  readonly parts?: Pick<Question, 'system' | 'user'> | undefined;
  readonly thought?: Earlier | undefined;
};

/** `at`: milliseconds since 1970. */
export type StoredRun = NewRun & { readonly at: number; readonly record: object };

type Row = {
  readonly run_id: string;
  readonly at: number;
  readonly tool: string;
  readonly question: string;
  readonly parts: string;
  readonly record: string;
  readonly thought: string;
};

/** A row that is there already is replaced, and so are pieces of its thinking. Call this in a transaction. */
export function insertRun(database: Database, { runId, at, tool, ...run }: NewRun & { readonly at: number }): void {
  const texts = [run.question, toText(run.parts), toText(run.record), toText(run.thought)];
  database.prepare('DELETE FROM received WHERE run_id = ?').run(runId);
  database
    .prepare('INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
    .run(runId, at, tool, ...texts, Buffer.byteLength(texts.join('')));
}

/** The number of runs that were there. */
export function deleteRuns(database: Database, runIds: readonly string[] | 'all'): number {
  let count = 0;
  inTransaction(database, () => {
    if (runIds === 'all') count = database.prepare('DELETE FROM runs').run().changes;
    else for (const runId of runIds) count += database.prepare('DELETE FROM runs WHERE run_id = ?').run(runId).changes;
  });
  return count;
}

/** `where`: the end of a statement, whose places `values` fill. */
export function selectRuns(database: Database, where: string, values: readonly (string | number)[]): StoredRun[] {
  const rows = database
    .prepare(`SELECT run_id, at, tool, question, parts, record, thought FROM runs ${where}`)
    .all(...values) as readonly Row[];
  return rows.map((row) => toRun(database, row));
}

/** A run without a record is not over, or its process was killed. */
function toRun(database: Database, { run_id: runId, parts, record, thought, ...rest }: Row): StoredRun {
  const kept = fromText(thought) as Begun | undefined;
  const known = record === '' && kept !== undefined ? withReceived(database, runId, kept) : kept;
  const unfinished = {
    run_id: runId,
    error: 'the run is not over, or its process was ended',
    thinking: { tokens: known?.tokens ?? 0 },
    reasoning: known?.text ?? '',
  };
  return {
    ...rest,
    runId,
    record: fromText(record) ?? unfinished,
    parts: fromText(parts) as NewRun['parts'],
    thought: known,
  };
}

/** Where a run began that is not over: what it continues, and a start marker that its text may begin with. */
export type Begun = Earlier & { readonly startMarker?: string };

type Piece = { readonly ids: string; readonly text: string; readonly tokens: number };

/** The thinking of a run that is not over: where it began, and all pieces that were written since. */
function withReceived(database: Database, runId: string, { startMarker = '', ...base }: Begun): Earlier {
  const pieces = database
    .prepare('SELECT ids, text, tokens FROM received WHERE run_id = ? ORDER BY number')
    .all(runId) as readonly Piece[];
  const text = pieces.map((piece) => piece.text).join('');
  const isMarked = startMarker !== '' && text.trimStart().startsWith(startMarker);
  const hasIds = pieces.every(({ ids }) => ids !== '') && (base.ids !== undefined || base.text === '');
  return {
    server: base.server,
    ...(hasIds && { ids: [...(base.ids ?? []), ...pieces.flatMap(({ ids }) => JSON.parse(ids) as number[])] }),
    text: base.text + (isMarked ? text.slice(text.indexOf(startMarker) + startMarker.length) : text),
    tokens: base.tokens + pieces.reduce((sum, { tokens }) => sum + tokens, 0),
  };
}

function toText(data: object | undefined): string {
  return data === undefined ? '' : JSON.stringify(data);
}

function fromText(text: string): object | undefined {
  return text === '' ? undefined : (JSON.parse(text) as object);
}
