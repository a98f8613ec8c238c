/** All writes to the state file are in transactions: after a fault, all rows of one are there, or none. */
import type { Database } from './libsql.ts';

/** @throws the error of `write` or of the file; nothing was written then */
export function inTransaction(database: Database, write: () => void): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    write();
    database.exec('COMMIT');
  } catch (error) {
    rollback(database);
    throw error;
  }
}

/** After a full disk, SQLite has already undone the transaction, so that `ROLLBACK` fails. */
function rollback(database: Database): void {
  try {
    database.exec('ROLLBACK');
  } catch {
    // the first error is the one that counts
  }
}
