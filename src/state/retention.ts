/** What is deleted from the state file, and when. */
import { localDay } from '../spending/spending.ts';
import type { Database } from './libsql.ts';
import { inTransaction } from './transaction.ts';

/** Sums hold no prompts, and are few: they are kept for longer than runs. */
const DAYS_OF_USE = 400;

const DAY_MS = 86_400_000;
const MEGABYTE = 1_000_000;

export type Retention = {
  /** runs and tunings older than this are deleted */
  readonly days: number;
  /** the oldest runs are deleted when all together are larger */
  readonly megabytes: number;
};

export function deleteOld(database: Database, { days, megabytes }: Retention): void {
  inTransaction(database, () => {
    for (const table of ['runs', 'speeds', 'tunings']) {
      database.prepare(`DELETE FROM ${table} WHERE at < ?`).run(Date.now() - days * DAY_MS);
    }
    for (const table of ['use', 'lengths']) {
      const oldest = localDay(new Date(Date.now() - DAYS_OF_USE * DAY_MS));
      database.prepare(`DELETE FROM ${table} WHERE day < ?`).run(oldest);
    }
    // the newest runs whose sizes add up to the limit stay
    database
      .prepare(
        `DELETE FROM runs WHERE rowid IN (SELECT rowid FROM
           (SELECT rowid, sum(bytes) OVER (ORDER BY at DESC, rowid DESC) AS total FROM runs) WHERE total > ?)`,
      )
      .run(megabytes * MEGABYTE);
  });
  database.exec('PRAGMA incremental_vacuum');
}
