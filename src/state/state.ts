/**
 * Runs, kept in a file that outlives the process. Nothing here stops a call: a record is written some time after the
 * answer was returned, and if the file cannot be used, `problem` says why and the process's memory has to do.
 */
import type { Earlier } from '../prompt/question.ts';
import type { UseRow } from '../spending/spending.ts';
import { StateFile, type FileOptions } from './file.ts';
import { Journal, type RunningRun } from './journal.ts';
import { deleteOld, type Retention } from './retention.ts';
import type { Database } from './libsql.ts';
import { deleteRuns, insertRun, selectRuns, type NewRun, type StoredRun } from './rows.ts';
import { PendingSpeeds, selectSpeeds, type StoredSpeed } from './speed-rows.ts';
import { inTransaction } from './transaction.ts';
import { PendingUse, selectUse } from './use-rows.ts';

/** Records are written at the latest after this time, so a killed process loses no more than that. */
const FLUSH_MS = 150;

/** Rows in one transaction: a larger one would hold up the event loop, and other processes. */
const MOST_IN_TRANSACTION = 16;

/** While another process locks the file, this many runs wait; older ones are dropped. */
const MOST_PENDING = 1000;

/** Old runs are deleted when the file is opened, and after so many new ones. */
const CLEAN_AFTER = 100;

export type StateOptions = Retention & Omit<FileOptions, 'onOpen' | 'onMoved'>;

export type Write = (database: Database) => void;

export class State {
  readonly #options: StateOptions;
  readonly #file: StateFile;
  readonly #journal = new Journal();
  readonly #speeds = new PendingSpeeds();
  readonly #use = new PendingUse();
  #writes: Write[] = [];
  #pending: StoredRun[] = [];
  #cancelFlush: (() => void) | undefined;
  #written = 0;

  constructor(options: StateOptions) {
    this.#options = options;
    this.#file = new StateFile({
      ...options,
      onOpen: (database) => deleteOld(database, options),
      onMoved: () => this.#journal.startAgain(),
      onProblem: (problem) => {
        this.#forget();
        options.onProblem(problem);
      },
    });
  }

  /** Why the file is not used; undefined: it is. */
  get problem(): string | undefined {
    return this.#file.problem;
  }

  /** Returns at once. */
  put(run: NewRun & { readonly record: object }): void {
    if (!this.#file.isUsable) return;
    this.#journal.end(run.runId);
    this.#pending.push({ ...run, at: Date.now() });
    if (this.#pending.length > MOST_PENDING) this.#pending.shift();
    this.#flushSoon();
  }

  /** Writes the thinking of a run while it arrives, until `put` or `drop`. */
  watch(run: Omit<RunningRun, 'at'>): void {
    if (!this.#file.isUsable) return;
    this.#journal.begin({ ...run, at: Date.now() });
    this.#flushSoon();
  }

  /** The thinking of a watched run is over. */
  settle(runId: string, thought: Earlier): void {
    this.#journal.settle(runId, thought);
  }

  /** Keeps a server's speed for other processes; `read` is called when the file is written. */
  putSpeed(server: string, read: () => object): void {
    if (!this.#file.isUsable) return;
    this.#speeds.put(server, read);
    this.#flushSoon();
  }

  /** What was seen of all servers, by this process and others. */
  speeds(): Promise<StoredSpeed[]> {
    return this.#from(selectSpeeds);
  }

  /** Writes soon, in a transaction. */
  enqueue(write: Write): void {
    if (!this.#file.isUsable) return;
    this.#writes.push(write);
    this.#flushSoon();
  }

  /** What waits is written first. Empty: nothing is kept, or the file cannot be used. */
  select<T>(read: (database: Database) => T[]): Promise<T[]> {
    return this.#from(read);
  }

  /** Adds to the sums of a day, model and tool. */
  addUse(row: UseRow): void {
    if (!this.#file.isUsable) return;
    this.#use.add(row);
    this.#flushSoon();
  }

  /** The sums of all processes, from a day on; undefined: nothing is kept. */
  async uses(sinceDay: string): Promise<UseRow[] | undefined> {
    const found = await this.#from((database) => selectUse(database, sinceDay));
    return this.#file.isUsable ? found : undefined;
  }

  /** A watched run ended without anything to keep. */
  drop(runId: string): void {
    this.#journal.drop(runId);
  }

  /** Writes what waits, unless another process locks the file: then a little later. Never rejects. */
  async flush(): Promise<void> {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    await this.#file.tryOnce((database) => this.#writePending(database));
    if (this.#file.isUsable && this.#hasWork) this.#flushSoon();
  }

  get #hasWork(): boolean {
    if (this.#pending.length > 0 || this.#writes.length > 0) return true;
    return [this.#journal, this.#speeds, this.#use].some(({ isEmpty }) => !isEmpty);
  }

  #flushSoon(): void {
    this.#cancelFlush ??= this.#options.clock.timer(FLUSH_MS, () => void this.flush());
  }

  async get(runId: string): Promise<StoredRun | undefined> {
    const [found] = await this.#read('WHERE run_id = ?', runId);
    return found;
  }

  /** Newest first. */
  async list(most: number): Promise<StoredRun[]> {
    return this.#read('ORDER BY at DESC, rowid DESC LIMIT ?', most);
  }

  /** The ids of the newest runs, newest first. */
  async ids(most: number): Promise<string[]> {
    const statement = 'SELECT run_id AS id FROM runs ORDER BY at DESC, rowid DESC LIMIT ?';
    return this.#from((database) => (database.prepare(statement).all(most) as { id: string }[]).map(({ id }) => id));
  }

  /** Every run, newest first, one at a time: all together may be large. */
  async *all(): AsyncGenerator<StoredRun> {
    for (const id of await this.ids(Number.MAX_SAFE_INTEGER)) {
      // oxlint-disable-next-line no-await-in-loop -- as above
      const run = await this.get(id);
      if (run !== undefined) yield run;
    }
  }

  /** Runs whose id begins so, at most two. */
  async find(beginning: string): Promise<StoredRun[]> {
    return this.#read('WHERE substr(run_id, 1, ?) = ? LIMIT 2', beginning.length, beginning);
  }

  /** The number of runs that were deleted; `problem` says why if they could not be. */
  async delete(runIds: readonly string[] | 'all'): Promise<number> {
    await this.write();
    const deleted = await this.#file.use((database) => deleteRuns(database, runIds));
    // the file becomes smaller
    await this.#file.use((database) => database.exec('PRAGMA incremental_vacuum'));
    return deleted ?? 0;
  }

  /** Writes what waits, and waits while another process locks the file. `problem` says why if it cannot be written. */
  async write(): Promise<void> {
    if (this.#hasWork) await this.#file.use((database) => this.#writePending(database));
  }

  /** Writes what waits, and closes the file. */
  async close(): Promise<void> {
    await this.write();
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    await this.#file.close();
  }

  #read(where: string, ...values: (string | number)[]): Promise<StoredRun[]> {
    return this.#from((database) => selectRuns(database, where, values));
  }

  /** What waits is written first. Empty: nothing is kept, or the file cannot be used. */
  async #from<T>(select: (database: Database) => T[]): Promise<T[]> {
    const isWaiting = this.#pending.length > 0 || this.#writes.length > 0 || !this.#use.isEmpty;
    // a lock of another process stops writers, but no readers
    if (isWaiting) await this.flush();
    return (await this.#file.use(select)) ?? [];
  }

  #writePending(database: Database): void {
    if (!this.#journal.isEmpty) inTransaction(database, () => this.#journal.write(database));
    for (const sums of [this.#speeds, this.#use]) {
      if (sums.isEmpty) continue;
      inTransaction(database, () => sums.write(database));
      sums.clear();
    }
    if (this.#writes.length > 0) {
      inTransaction(database, () => this.#writes.forEach((write) => write(database)));
      this.#writes = [];
    }
    while (this.#pending.length > 0) {
      const some = this.#pending.slice(0, MOST_IN_TRANSACTION);
      inTransaction(database, () => {
        for (const run of some) insertRun(database, run);
      });
      this.#pending = this.#pending.slice(some.length);
      this.#written += some.length;
    }
    if (this.#written < CLEAN_AFTER) return;
    this.#written = 0;
    deleteOld(database, this.#options);
  }

  /** Nothing of what waits can be written. */
  #forget(): void {
    this.#pending = [];
    this.#writes = [];
    this.#use.clear();
    this.#speeds.clear();
    this.#journal.clear();
  }
}
