/**
 * Opens the state file: SQLite, through libsql. Several processes share the file, because every client starts its own
 * server. After `kill -9` the file holds every transaction that was committed (write-ahead log, `synchronous = normal`).
 */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Database } from './libsql.ts';
import { migrate, NewerFileError } from './migrations.ts';

/** libsql waits without leaving the event loop, so it must not wait for long. */
const BUSY_MS = 20;

/** @throws an error of libsql or of the file system; `whyNot` puts it into words */
export async function openDatabase(path: string): Promise<Database> {
  // the file holds prompts: only its owner may read it, and SQLite gives its helper files the same mode
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  closeSync(openSync(path, 'a', 0o600));
  const { default: Libsql } = await import('libsql');
  const database = new Libsql(path) as unknown as Database;
  try {
    database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
    // must come before the first table, so that deleted runs give their space back
    database.exec('PRAGMA auto_vacuum = INCREMENTAL');
    database.exec('PRAGMA journal_mode = WAL');
    database.exec('PRAGMA synchronous = NORMAL');
    migrate(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

export function isBusy(error: unknown): boolean {
  return BUSY.test(codeOf(error));
}

/** PROTOCOL: several processes opened the file at the same moment, again and again. */
const BUSY = /^SQLITE_(?:BUSY|LOCKED|PROTOCOL)/;

const REASONS: readonly (readonly [RegExp, string])[] = [
  [/^SQLITE_(?:NOTADB|CORRUPT)/, 'is not a state file of thinkmeter, or is damaged'],
  [/^(?:SQLITE_FULL|SQLITE_IOERR_SHMSIZE|ENOSPC|EDQUOT)/, 'cannot grow: the disk is full'],
  [/^(?:SQLITE_READONLY|SQLITE_CANTOPEN|EACCES|EPERM|EROFS|ENOTDIR|EISDIR|EEXIST)/, 'cannot be written'],
  [BUSY, 'is locked by another process'],
  [/MODULE_NOT_FOUND/, 'needs the npm package libsql, which is not installed or has no build for this platform'],
];

/** Continues a sentence that begins with the file's path. */
export function whyNot(error: unknown): string {
  if (error instanceof NewerFileError) return 'was written by a newer version of thinkmeter';
  const code = codeOf(error);
  const found = REASONS.find(([pattern]) => pattern.test(code));
  return found?.[1] ?? `cannot be used (${error instanceof Error ? error.message : String(error)})`;
}

/** Extended codes to which libsql gives no name: the lowest byte is the code that is extended (sqlite.org/rescode.html). */
const PRIMARY: Readonly<Record<number, string>> = {
  5: 'SQLITE_BUSY',
  6: 'SQLITE_LOCKED',
  8: 'SQLITE_READONLY',
  10: 'SQLITE_IOERR',
  11: 'SQLITE_CORRUPT',
  13: 'SQLITE_FULL',
  14: 'SQLITE_CANTOPEN',
};

function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  if (typeof code !== 'string') return '';
  const [, unnamed] = /^UNKNOWN_SQLITE_ERROR_(\d+)$/.exec(code) ?? [];
  return unnamed === undefined ? code : (PRIMARY[Number(unnamed) % 256] ?? code);
}
