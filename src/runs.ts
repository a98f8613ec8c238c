/**
 * Finished runs, so that clients can read their reasoning and numbers later: the latest in memory, and all of them in the
 * state file, which other processes share.
 */
import type { Earlier, Question } from './prompt/question.ts';
import type { Received } from './run/received.ts';
import type { BatchResult } from './report/batch.ts';
import type { RunResult } from './report/result.ts';

/** A run with its reasoning; a batch with all results and reasoning; or the tokens paid for by a failed run. */
export type RunRecord =
  | (RunResult & { readonly reasoning: string })
  | (BatchResult & { readonly run_id: string; readonly reasoning: readonly string[] })
  | {
      readonly run_id: string;
      readonly error: string;
      readonly thinking: { readonly tokens: number };
      readonly reasoning: string;
    };

/** Limits on the number and total length of records, because reasoning may be long. The oldest records are dropped. */
const MOST = { records: 500, characters: 16_000_000 } as const;

/** What a run was about, to find it and to continue it. */
export type About = {
  readonly tool: string;
  /** as text, for people */
  readonly question: string;
  /** as it was rendered; absent: a batch */
  readonly parts?: Pick<Question, 'system' | 'user'>;
};

/** A run that another one continues. */
export type Continuable = { readonly parts: Pick<Question, 'system' | 'user'>; readonly thought: Earlier | undefined };

type StoredRecord = {
  readonly record: object;
  readonly parts?: Pick<Question, 'system' | 'user'> | undefined;
  readonly thought?: Earlier | undefined;
};

/** Where runs outlive the process. */
export type RunStore = {
  watch(run: About & { readonly runId: string; readonly received: Received }): void;
  settle(runId: string, thought: Earlier): void;
  drop(runId: string): void;
  put(run: About & { readonly runId: string; readonly record: RunRecord; readonly thought: Earlier | undefined }): void;
  get(runId: string): Promise<StoredRecord | undefined>;
  /** newest first */
  ids(most: number): Promise<readonly string[]>;
};

type Kept = {
  readonly record: RunRecord;
  readonly characters: number;
  readonly parts: About['parts'];
  readonly thought: Promise<Earlier | undefined>;
};

export class Runs {
  readonly #store: RunStore | undefined;
  readonly #records = new Map<string, Kept>();
  #characters = 0;

  /** Without a store, runs are kept in memory only. */
  constructor(store?: RunStore) {
    this.#store = store;
  }

  /** `thought`: what a later run can continue; resolves soon after the answer was returned. */
  keep(record: RunRecord, about: About, thought: Promise<Earlier | undefined> = Promise.resolve(undefined)): void {
    void thought.then((found) => this.#store?.put({ ...about, runId: record.run_id, record, thought: found }));
    const characters = charactersOf(record);
    this.#records.set(record.run_id, { record, characters, parts: about.parts, thought });
    this.#characters += characters;
    while (this.#records.size > 1 && (this.#records.size > MOST.records || this.#characters > MOST.characters)) {
      const [oldest = ''] = this.#records.keys();
      this.#characters -= this.#records.get(oldest)?.characters ?? 0;
      this.#records.delete(oldest);
    }
  }

  /** Keeps the thinking of a run while it arrives, so that it outlives a killed process. */
  watch(runId: string, about: About, received: Received): void {
    this.#store?.watch({ ...about, runId, received });
  }

  /** The thinking of a watched run is over; undefined: there is none. */
  settle(runId: string, thought: Earlier | undefined): void {
    if (thought === undefined) this.#store?.drop(runId);
    else this.#store?.settle(runId, thought);
  }

  /** A watched run ended without a record. */
  drop(runId: string): void {
    this.#store?.drop(runId);
  }

  /** A run of this process, or one in the state file. */
  async find(runId: string): Promise<object | undefined> {
    return this.get(runId) ?? (await this.#store?.get(runId))?.record;
  }

  /** undefined: there is no such run. `parts` is absent if it is a batch. */
  async continuable(runId: string): Promise<Partial<Continuable> | undefined> {
    const own = this.#records.get(runId);
    const found = own === undefined ? await this.#store?.get(runId) : { ...own, thought: await own.thought };
    return found && { ...(found.parts && { parts: found.parts }), thought: found.thought };
  }

  /** The latest ids, newest first: of this process, then those that are only in the state file. */
  async latest(): Promise<string[]> {
    const stored = (await this.#store?.ids(MOST.records)) ?? [];
    const own = this.list().map(({ run_id: id }) => id);
    return [...new Set([...own, ...stored])].slice(0, MOST.records);
  }

  /** A run that is in memory. */
  get(runId: string): RunRecord | undefined {
    return this.#records.get(runId)?.record;
  }

  /** All records in memory, newest first. */
  list(): RunRecord[] {
    return [...this.#records.values()].map(({ record }) => record).toReversed();
  }
}

function charactersOf(record: RunRecord): number {
  if ('results' in record) {
    const answers = record.results.reduce((sum, { answer = '' }) => sum + answer.length, 0);
    return record.reasoning.reduce((sum, text) => sum + text.length, answers);
  }
  return record.reasoning.length + ('answer' in record ? record.answer.length : 0);
}
