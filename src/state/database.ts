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
  return codeOf(error).startsWith('SQLITE_BUSY') || codeOf(error).startsWith('SQLITE_LOCKED');
}

const REASONS: readonly (readonly [RegExp, string])[] = [
  [/^SQLITE_(?:NOTADB|CORRUPT)/, 'is not a state file of thinkmeter, or is damaged'],
  [/^(?:SQLITE_FULL|ENOSPC)/, 'cannot grow: the disk is full'],
  [/^(?:SQLITE_READONLY|SQLITE_CANTOPEN|EACCES|EPERM|EROFS|ENOTDIR|EISDIR|EEXIST)/, 'cannot be written'],
  [/^SQLITE_(?:BUSY|LOCKED)/, 'is locked by another process'],
  [/MODULE_NOT_FOUND/, 'needs the npm package libsql, which is not installed or has no build for this platform'],
];

/** Continues a sentence that begins with the file's path. */
export function whyNot(error: unknown): string {
  if (error instanceof NewerFileError) return 'was written by a newer version of thinkmeter';
  const code = codeOf(error);
  const found = REASONS.find(([pattern]) => pattern.test(code));
  return found?.[1] ?? `cannot be used (${error instanceof Error ? error.message : String(error)})`;
}

function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' ? code : '';
}
