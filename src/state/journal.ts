/**
 * The thinking of runs that are not over, written while it arrives: if the process is killed, a later run continues it.
 * Each write adds what came since the last one.
 */
import type { Earlier } from '../prompt/question.ts';
import type { Position, Received } from '../run/received.ts';
import type { Database } from './libsql.ts';
import { insertRun, type Begun, type NewRun } from './rows.ts';

export type RunningRun = {
  readonly runId: string;
  readonly at: number;
  readonly tool: string;
  readonly question: string;
  readonly parts?: NewRun['parts'];
  readonly received: Received;
};

type Entry = RunningRun & { position: Position; count: number; thought: Earlier | 'received'; isWritten: boolean };

const START = { position: { tokens: 0, chars: 0 }, count: 0, isWritten: false } as const;

export class Journal {
  readonly #running = new Map<string, Entry>();
  #dropped: string[] = [];

  get isEmpty(): boolean {
    return this.#running.size === 0 && this.#dropped.length === 0;
  }

  begin(run: RunningRun): void {
    this.#running.set(run.runId, { ...run, ...START, thought: 'received' });
  }

  /** The thinking is over, and is known exactly; the answer is still to come. */
  settle(runId: string, thought: Earlier): void {
    const entry = this.#running.get(runId);
    if (entry !== undefined) entry.thought = thought;
  }

  /** The file is a new one: it gets everything again. */
  startAgain(): void {
    this.#dropped = [];
    for (const entry of this.#running.values()) Object.assign(entry, START);
  }

  /** Nothing is kept any more. */
  clear(): void {
    this.#dropped = [];
    this.#running.clear();
  }

  /** The run is over, and its record replaces what was written here. */
  end(runId: string): void {
    this.#running.delete(runId);
  }

  /** The run has nothing to keep. */
  drop(runId: string): void {
    const entry = this.#running.get(runId);
    if (entry !== undefined && (entry.count > 0 || entry.isWritten)) this.#dropped.push(runId);
    this.#running.delete(runId);
  }

  /** Call this in a transaction. */
  write(database: Database): void {
    for (const runId of this.#dropped) database.prepare('DELETE FROM runs WHERE run_id = ?').run(runId);
    this.#dropped = [];
    for (const entry of this.#running.values()) {
      if (entry.isWritten) continue;
      if (entry.thought === 'received') addReceived(database, entry);
      else replace(database, entry, entry.thought);
    }
  }
}

function addReceived(database: Database, entry: Entry): void {
  const part = entry.received.since(entry.position);
  if (part === undefined) return;
  if (entry.count === 0) {
    const { base, startMarker } = entry.received;
    insertRun(database, toRow(entry, { ...base, startMarker }));
  }
  database
    .prepare('INSERT INTO received VALUES (?, ?, ?, ?, ?)')
    .run(
      entry.runId,
      entry.count,
      part.ids === undefined ? '' : JSON.stringify(part.ids),
      part.text,
      part.to.tokens - entry.position.tokens,
    );
  entry.count += 1;
  entry.position = part.to;
}

function replace(database: Database, entry: Entry, thought: Earlier): void {
  insertRun(database, toRow(entry, thought));
  entry.isWritten = true;
}

function toRow({ runId, at, tool, question, parts }: Entry, thought: Begun): NewRun & { readonly at: number } {
  return { runId, at, tool, question, parts, thought };
}
