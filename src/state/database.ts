/**
 * Opens the state file: SQLite, through libsql. Several processes share the file, because every client starts its own
 * server. After `kill -9` the file holds every transaction that was committed (write-ahead log, `synchronous = normal`).
 */
import { closeSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Database, Statement } from './libsql.ts';
import { migrate, NewerFileError } from './migrations.ts';

/** libsql waits without leaving the event loop, so it must not wait for long. */
const BUSY_MS = 20;

export type OpenDatabase = Database & {
  /** The path names another file by now, or none: what is written here is lost. */
  readonly isMoved: boolean;
};

/** @throws an error of libsql or of the file system; `whyNot` puts it into words */
export async function openDatabase(path: string): Promise<OpenDatabase> {
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
    return withStatements(database, path);
  } catch (error) {
    database.close();
    throw error;
  }
}

/** There are few different statements, and to prepare one costs more than to run it. */
function withStatements(database: Database, path: string): OpenDatabase {
  const statements = new Map<string, Statement>();
  const opened = inodeOf(path);
  return {
    exec: (sql) => database.exec(sql),
    prepare: (sql) => {
      const statement = statements.get(sql) ?? database.prepare(sql);
      statements.set(sql, statement);
      return statement;
    },
    close: () => {
      if (inodeOf(path) === opened) emptyLog(database);
      statements.clear();
      database.close();
    },
    get isMoved() {
      return inodeOf(path) !== opened;
    },
  };
}

/**
 * SQLite does this when the last connection closes, but libsql keeps a connection until its statements are collected as
 * garbage. Without it the file itself, which people copy, would lack the last runs.
 */
function emptyLog(database: Database): void {
  try {
    database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all();
  } catch {
    // the disk is full: the log keeps everything, and the next process reads it
  }
}

/** undefined: there is no file, or it cannot be seen. */
function inodeOf(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined;
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
