/** Reads and replaces a client's settings file. */
import { constants } from 'node:fs';
import { access, copyFile, mkdir, open, readFile, readlink, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ConfigError, InvariantError } from '../errors.ts';
import type { Candidate } from './clients.ts';

const BOM = '\uFEFF';

/** Keys may stand in a file that `init` creates. */
const OWNER_ONLY = 0o600;

export type SettingsFile = {
  /** links followed */
  readonly path: string;
  /** without the byte order mark; empty if there is no file */
  readonly text: string;
  readonly bom: boolean;
  /** undefined: there is no file */
  readonly mode: number | undefined;
};

export async function exists(path: string): Promise<boolean> {
  return (await codeOf(stat(path))) === undefined;
}

/** The first candidate that exists, else the first that may be created. */
export async function usedFile(candidates: readonly Candidate[]): Promise<string> {
  const there = await Promise.all(candidates.map(({ path }) => exists(path)));
  const creatable = await Promise.all(candidates.map(async ({ ifThere }) => ifThere === undefined || exists(ifThere)));
  const found = candidates[there.indexOf(true)] ?? candidates[creatable.indexOf(true)];
  if (found === undefined) throw new InvariantError('a client has no file that may be created');
  return found.path;
}

/** @throws {ConfigError} if the file cannot be read, or is not UTF-8 */
export async function readSettings(path: string): Promise<SettingsFile> {
  const target = await followLinks(path);
  try {
    const [bytes, { mode }] = await Promise.all([readFile(target), stat(target)]);
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const bom = text.startsWith(BOM);
    return { path: target, text: bom ? text.slice(1) : text, bom, mode: mode & 0o777 };
  } catch (error) {
    if (isMissing(error)) return { path: target, text: '', bom: false, mode: undefined };
    if (error instanceof TypeError) {
      throw new ConfigError(`${path} is not UTF-8 text`, {
        hint: 'save it as UTF-8; it was not changed',
        cause: error,
      });
    }
    throw failed('read', path, error);
  }
}

/**
 * Replaces the file in one step, with its mode: a reader sees the old text or the new one, never a part. Creates the
 * folder if it is missing. @throws {ConfigError}
 */
export async function writeSettings({ path, bom, mode }: SettingsFile, text: string): Promise<void> {
  const temporary = join(dirname(path), `.thinkmeter-${crypto.randomUUID()}.tmp`);
  try {
    // a rename would also replace a file that its owner has made read-only
    if (mode !== undefined) await access(path, constants.W_OK);
    await mkdir(dirname(path), { recursive: true });
    const file = await open(temporary, 'wx', mode ?? OWNER_ONLY);
    try {
      // the umask limits the mode above
      if (mode !== undefined) await file.chmod(mode);
      await file.writeFile((bom ? BOM : '') + text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw failed('write', path, error);
  }
}

/**
 * Copies the file to `PATH.bak`. An older copy is never overwritten: the next ones are `PATH.bak.2`, `PATH.bak.3`.
 * @returns the copy's path; undefined if there is no file, or if a copy with the same content is there
 */
export async function backUp(path: string): Promise<string | undefined> {
  try {
    const bytes = await readFile(path);
    for (let number = 1; ; number += 1) {
      const copy = number === 1 ? `${path}.bak` : `${path}.bak.${number}`;
      // oxlint-disable-next-line no-await-in-loop -- the first free name
      const there = await readFile(copy).catch(ifMissing);
      if (there?.equals(bytes) === true) return undefined;
      if (there !== undefined) continue;
      // oxlint-disable-next-line no-await-in-loop -- ends the loop
      await copyFile(path, copy, constants.COPYFILE_EXCL);
      return copy;
    }
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw failed('back up', path, error);
  }
}

/** The file that a link leads to, even if that file is missing. */
async function followLinks(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const next = await readlink(path).catch(() => undefined);
    return next === undefined ? path : resolve(dirname(path), next);
  }
}

function failed(verb: string, path: string, cause: unknown): ConfigError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  return new ConfigError(`could not ${verb} ${path} (${code})`, {
    hint: 'check the permissions of the file and its folder',
    cause,
  });
}

function ifMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
  return undefined;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return error;
  }
}
