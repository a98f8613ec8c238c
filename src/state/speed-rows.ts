/** What was seen of each server's speed, for other processes and later ones. */
import type { Database } from './libsql.ts';

export type StoredSpeed = { readonly server: string; readonly ageMs: number; readonly data: object };

/** Speeds that wait to be written. */
export class PendingSpeeds {
  readonly #readers = new Map<string, () => object>();

  get isEmpty(): boolean {
    return this.#readers.size === 0;
  }

  /** `read` is called when the file is written. */
  put(server: string, read: () => object): void {
    this.#readers.set(server, read);
  }

  clear(): void {
    this.#readers.clear();
  }

  /** Call this in a transaction. */
  write(database: Database): void {
    const put = database.prepare('INSERT OR REPLACE INTO speeds VALUES (?, ?, ?)');
    for (const [server, read] of this.#readers) put.run(server, Date.now(), JSON.stringify(read()));
  }
}

/** Newest first. `ageMs`: since it was written. */
export function selectSpeeds(database: Database): StoredSpeed[] {
  type Row = { readonly server: string; readonly at: number; readonly data: string };
  const rows = database.prepare('SELECT server, at, data FROM speeds ORDER BY at DESC').all() as readonly Row[];
  return rows.map(({ server, at, data }) => ({
    server,
    ageMs: Math.max(0, Date.now() - at),
    data: JSON.parse(data) as object,
  }));
}
