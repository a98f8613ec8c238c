/** The tables of the state file. Each step is applied once and never changed: a file of any earlier version becomes current. */
import type { Database } from './libsql.ts';
import { inTransaction } from './transaction.ts';

const STEPS = [
  `CREATE TABLE runs (
     run_id TEXT PRIMARY KEY,
     at INTEGER NOT NULL,       -- milliseconds since 1970
     tool TEXT NOT NULL,
     question TEXT NOT NULL,
     parts TEXT NOT NULL,       -- the question as it was rendered, JSON; empty: a batch
     record TEXT NOT NULL,      -- JSON; empty: the run is not over
     thought TEXT NOT NULL,     -- what a later run can continue, JSON; empty: nothing
     bytes INTEGER NOT NULL     -- of the texts
   ) STRICT;
   CREATE INDEX runs_by_time ON runs (at);
   CREATE TABLE received (      -- the thinking of runs that are not over, as it arrived
     run_id TEXT NOT NULL,
     number INTEGER NOT NULL,   -- from 0
     ids TEXT NOT NULL,         -- JSON; empty: the tokens came without ids
     text TEXT NOT NULL,
     tokens INTEGER NOT NULL,
     PRIMARY KEY (run_id, number)
   ) STRICT;
   CREATE TABLE speeds (        -- what was seen of each server's speed
     server TEXT PRIMARY KEY,
     at INTEGER NOT NULL,
     data TEXT NOT NULL         -- JSON
   ) STRICT;
   CREATE TRIGGER received_with_run AFTER DELETE ON runs
     BEGIN DELETE FROM received WHERE run_id = OLD.run_id; END;`,
  `CREATE TABLE use (           -- sums of all runs; counts, and milliseconds
     day TEXT NOT NULL,         -- 2026-11-27, local time
     model TEXT NOT NULL,
     tool TEXT NOT NULL,
     calls INTEGER NOT NULL,
     failed_calls INTEGER NOT NULL,
     cut_calls INTEGER NOT NULL,
     prompt_tokens INTEGER NOT NULL,
     thinking_tokens INTEGER NOT NULL,
     other_tokens INTEGER NOT NULL,
     answer_tokens INTEGER NOT NULL,
     total_ms REAL NOT NULL,
     busy_ms REAL NOT NULL,
     profile_calls INTEGER NOT NULL,
     profile_thinking_tokens INTEGER NOT NULL,
     profile_saved_tokens REAL NOT NULL,
     PRIMARY KEY (day, model, tool)
   ) STRICT;
   CREATE TABLE lengths (       -- how many runs thought so long, by class of length
     day TEXT NOT NULL,
     model TEXT NOT NULL,
     tool TEXT NOT NULL,
     class INTEGER NOT NULL,
     closed INTEGER NOT NULL,
     closed_tokens INTEGER NOT NULL,
     cut INTEGER NOT NULL,
     PRIMARY KEY (day, model, tool, class)
   ) STRICT;`,
  `CREATE TABLE tunings (
     tuning_id TEXT PRIMARY KEY,
     at INTEGER NOT NULL,       -- milliseconds since 1970
     key TEXT NOT NULL,         -- equal for the same cases and budgets
     result TEXT NOT NULL       -- JSON; empty: it is not over
   ) STRICT;
   CREATE INDEX tunings_by_key ON tunings (key);
   CREATE TABLE tuning_cases (
     tuning_id TEXT NOT NULL,
     number INTEGER NOT NULL,   -- from 0
     repeat INTEGER NOT NULL,   -- from 0
     data TEXT NOT NULL,        -- JSON
     PRIMARY KEY (tuning_id, number, repeat)
   ) STRICT;
   CREATE TRIGGER cases_with_tuning AFTER DELETE ON tunings
     BEGIN DELETE FROM tuning_cases WHERE tuning_id = OLD.tuning_id; END;
   CREATE TABLE profiles (
     name TEXT PRIMARY KEY,
     data TEXT NOT NULL         -- JSON
   ) STRICT;`,
];

/** A newer thinkmeter has written the file. */
export class NewerFileError extends Error {}

/** @throws {NewerFileError} */
export function migrate(database: Database): void {
  // the lock is taken before the version is read: another process may be migrating
  inTransaction(database, () => {
    const [row] = database.prepare('PRAGMA user_version').all() as [{ user_version: number }];
    if (row.user_version > STEPS.length) throw new NewerFileError();
    for (const step of STEPS.slice(row.user_version)) database.exec(step);
    database.exec(`PRAGMA user_version = ${STEPS.length}`);
  });
}
