/**
 * The state file as one process uses it: opened with its first use, opened again if it was moved, waited for while another
 * process locks it, and given up for the rest of the process if it cannot be used.
 */
import type { Clock } from '../clock.ts';
import { pause } from '../wait.ts';
import { isBusy, openDatabase, whyNot, type OpenDatabase } from './database.ts';
import type { Database } from './libsql.ts';

/**
 * A file that has been locked for so long, and at so many attempts in a row, is a problem that a person has to know. Both,
 * because attempts may lie far apart, and because a machine may stand still.
 */
const LONGEST_LOCK = { ms: 3500, attempts: 20 } as const;

const BETWEEN_ATTEMPTS_MS = 25;

/** These waits belong to no call, and end by themselves. */
const { signal: NEVER } = new AbortController();

export type FileOptions = {
  /** undefined: there is no file */
  readonly path: string | undefined;
  /** why there is no path, as a sentence */
  readonly problem?: string;
  readonly clock: Clock;
  /** called before anything else uses the file */
  readonly onOpen: (database: Database) => void;
  /** the file was removed or replaced: the next one holds nothing of this process */
  readonly onMoved: () => void;
  /** called once, with a sentence */
  readonly onProblem: (problem: string) => void;
};

export class StateFile {
  readonly #options: FileOptions;
  #opening: Promise<OpenDatabase> | undefined;
  #opened: OpenDatabase | undefined;
  #locked: { readonly since: number; readonly attempts: number } | undefined;
  #problem: string | undefined;

  constructor(options: FileOptions) {
    this.#options = options;
    if (options.problem !== undefined) this.#giveUp(options.problem);
  }

  /** Why the file is not used; undefined: it is. */
  get problem(): string | undefined {
    return this.#problem;
  }

  get isUsable(): boolean {
    return this.#options.path !== undefined && this.#problem === undefined;
  }

  /** What `action` returns; undefined: the file is locked, or cannot be used. Never rejects. */
  async tryOnce<T>(action: (database: Database) => T): Promise<T | undefined> {
    const { path, clock } = this.#options;
    if (path === undefined || this.#problem !== undefined) return undefined;
    try {
      const done = action(await this.#open(path));
      this.#locked = undefined;
      return done;
    } catch (error) {
      if (isBusy(error)) {
        const { since, attempts } = this.#locked ?? { since: clock.now(), attempts: 0 };
        this.#locked = { since, attempts: attempts + 1 };
        if (clock.now() - since < LONGEST_LOCK.ms || attempts < LONGEST_LOCK.attempts) return undefined;
      }
      this.#giveUp(`the state file ${path} ${whyNot(error)}`);
      return undefined;
    }
  }

  /** As `tryOnce`, but waits while another process locks the file. undefined: it cannot be used. */
  async use<T>(action: (database: Database) => T): Promise<T | undefined> {
    // oxlint-disable no-await-in-loop -- one attempt after the other
    for (;;) {
      const done = await this.tryOnce((database) => ({ value: action(database) }));
      if (done !== undefined || !this.isUsable) return done?.value;
      await pause(BETWEEN_ATTEMPTS_MS, NEVER, this.#options.clock);
    }
    // oxlint-enable no-await-in-loop
  }

  async close(): Promise<void> {
    const opening = this.#opening;
    this.#opening = undefined;
    this.#opened = undefined;
    // a file that could not be opened needs no end
    (await opening?.catch(() => undefined))?.close();
  }

  #open(path: string): Promise<Database> {
    if (this.#opened?.isMoved === true) this.#leave(this.#opened);
    this.#opening ??= this.#openNow(path);
    return this.#opening;
  }

  async #openNow(path: string): Promise<OpenDatabase> {
    let database: OpenDatabase | undefined;
    try {
      database = await openDatabase(path);
      this.#options.onOpen(database);
      this.#opened = database;
      return database;
    } catch (error) {
      this.#opening = undefined;
      database?.close();
      throw error;
    }
  }

  #leave(database: Database): void {
    this.#opened = undefined;
    this.#opening = undefined;
    this.#options.onMoved();
    // a reader may be about to use it
    this.#options.clock.timer(0, () => database.close());
  }

  #giveUp(problem: string): void {
    if (this.#problem !== undefined) return;
    this.#problem = problem;
    this.#options.onProblem(problem);
  }
}
