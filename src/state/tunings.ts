/** Tunings and profiles in the state file. */
import type { Profile } from '../tuning/profiles/profiles.ts';
import type { KeptCase } from '../tuning/sweep/kept.ts';
import type { Database } from './libsql.ts';
import type { State } from './state.ts';

type Unfinished = { readonly tuningId: string; readonly cases: readonly KeptCase[] };

export class Tunings {
  readonly #state: State;

  constructor(state: State) {
    this.#state = state;
  }

  begin(tuningId: string, key: string): void {
    this.#state.enqueue((database) => {
      database.prepare('INSERT INTO tunings VALUES (?, ?, ?, ?)').run(tuningId, Date.now(), key, '');
    });
  }

  addCase(tuningId: string, { number, repeat, data }: KeptCase): void {
    this.#state.enqueue((database) => {
      const values = [tuningId, number, repeat, JSON.stringify(data)];
      database.prepare('INSERT OR REPLACE INTO tuning_cases VALUES (?, ?, ?, ?)').run(...values);
    });
  }

  finish(tuningId: string, result: object): void {
    this.#state.enqueue((database) => {
      database.prepare('UPDATE tunings SET result = ? WHERE tuning_id = ?').run(JSON.stringify(result), tuningId);
    });
  }

  /** The latest that is not over. */
  async unfinished(key: string): Promise<Unfinished | undefined> {
    const [found] = await this.#state.select((database) => selectUnfinished(database, key));
    return found;
  }

  /** A tuning with its cases; undefined: there is none. */
  async get(tuningId: string): Promise<object | undefined> {
    const [found] = await this.#state.select((database) => {
      const rows = database.prepare('SELECT result FROM tunings WHERE tuning_id = ?').all(tuningId) as {
        readonly result: string;
      }[];
      return rows.map(({ result }) => ({
        tuning_id: tuningId,
        ...(result === '' ? { finished: false } : (JSON.parse(result) as object)),
        results: selectCases(database, tuningId),
      }));
    });
    return found;
  }

  putProfile(profile: Profile): void {
    this.#state.enqueue((database) => {
      database.prepare('INSERT OR REPLACE INTO profiles VALUES (?, ?)').run(profile.name, JSON.stringify(profile));
    });
  }

  profiles(): Promise<Profile[]> {
    return this.#state.select((database) =>
      (database.prepare('SELECT data FROM profiles ORDER BY name').all() as { readonly data: string }[]).map(
        ({ data }) => JSON.parse(data) as Profile,
      ),
    );
  }

  deleteProfile(name: string): void {
    this.#state.enqueue((database) => {
      database.prepare('DELETE FROM profiles WHERE name = ?').run(name);
    });
  }
}

function selectUnfinished(database: Database, key: string): Unfinished[] {
  const rows = database
    .prepare("SELECT tuning_id AS tuningId FROM tunings WHERE key = ? AND result = '' ORDER BY at DESC LIMIT 1")
    .all(key) as { readonly tuningId: string }[];
  return rows.map(({ tuningId }) => ({ tuningId, cases: selectCases(database, tuningId) }));
}

function selectCases(database: Database, tuningId: string): KeptCase[] {
  const rows = database
    .prepare('SELECT number, repeat, data FROM tuning_cases WHERE tuning_id = ? ORDER BY number, repeat')
    .all(tuningId) as { readonly number: number; readonly repeat: number; readonly data: string }[];
  return rows.map(({ number, repeat, data }) => ({ number, repeat, data: JSON.parse(data) as KeptCase['data'] }));
}
