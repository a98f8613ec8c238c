/** Finds the folder of a model's tokenizer and template: a local folder, Hugging Face's shared cache, or a download. */
import { downloadFileToCacheDir, getHFHubCachePath, modelInfo, pathsInfo } from '@huggingface/hub';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigError } from '../../../errors.ts';
import { limit } from '../../../wait.ts';
import { FOLDER_FILES } from '../../folder-codec.ts';
import { isHubId } from '../../hub-id.ts';

export type TokenizerSource = {
  /** a folder or a hub id */
  readonly tokenizer: string;
  /** the hub's address; absent: the public hub */
  readonly hub?: string | undefined;
  /** sends the requests to the hub, through a proxy if there is one; absent: the global `fetch` */
  readonly fetch?: typeof globalThis.fetch;
};

/** The required files come last, so a download that was interrupted is recognised as incomplete. */
const FILES = [FOLDER_FILES.template, FOLDER_FILES.settings, FOLDER_FILES.tokenizer];

/** For all three files together. */
const HUB_MS = 600_000;

/**
 * The cache is checked first: if a server on this machine loads its model from the hub, the files are already there.
 * @throws {ConfigError} when neither the cache nor the hub has the tokenizer
 */
export async function findTokenizerFolder(source: TokenizerSource, signal: AbortSignal): Promise<string> {
  const { tokenizer } = source;
  if (existsSync(tokenizer) || !isHubId(tokenizer)) return tokenizer;
  return cached(tokenizer) ?? (await download(source, signal));
}

/** The snapshot of `main` if it has all required files, else the newest complete snapshot. */
function cached(id: string): string | undefined {
  const place = join(getHFHubCachePath(), `models--${id.replace('/', '--')}`);
  const snapshots = join(place, 'snapshots');
  if (!existsSync(snapshots)) return undefined;
  const main = join(place, 'refs', 'main');
  const current = existsSync(main) ? [join(snapshots, readFileSync(main, 'utf8').trim())] : [];
  const folders = readdirSync(snapshots).map((name) => join(snapshots, name));
  const newest = folders.toSorted((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  return [...current, ...newest].find(isComplete);
}

function isComplete(folder: string): boolean {
  const has = (file: string): boolean => existsSync(join(folder, file));
  if (!has(FOLDER_FILES.settings) || !has(FOLDER_FILES.tokenizer)) return false;
  return (
    has(FOLDER_FILES.template) || readFileSync(join(folder, FOLDER_FILES.settings), 'utf8').includes('"chat_template"')
  );
}

async function download(source: TokenizerSource, signal: AbortSignal): Promise<string> {
  const { tokenizer: id, hub, fetch: send = fetch } = source;
  const under = limit(signal, HUB_MS);
  const inTime: typeof fetch = (url, options) => send(url, { ...options, signal: under.signal });
  const from = { fetch: inTime, ...(hub === undefined ? {} : { hubUrl: hub.replace(/\/+$/, '') }) };
  try {
    const { sha } = await modelInfo({ name: id, additionalFields: ['sha'], ...from });
    const there = (await pathsInfo({ repo: id, paths: FILES, revision: sha, ...from })).map(({ path }) => path);
    const missing = [FOLDER_FILES.settings, FOLDER_FILES.tokenizer].find((file) => !there.includes(file));
    if (missing !== undefined) throw new Error(`the repository has no ${missing}`);
    let last = '';
    for (const path of FILES.filter((file) => there.includes(file))) {
      // oxlint-disable-next-line no-await-in-loop -- in this order
      last = await downloadFileToCacheDir({ repo: id, path, revision: sha, ...from });
    }
    return dirname(last);
  } catch (cause) {
    throw new ConfigError(
      `THINKMETER_TOKENIZER is ${id}: no such folder exists, and the tokenizer could not be loaded from the hub: ${whyNot(cause)}`,
      {
        hint: `check the name and the network; if the hub requires a token, load the files with \`hf download ${id} ${FILES.join(' ')}\`, or set THINKMETER_TOKENIZER to a folder with these files`,
        cause,
      },
    );
  } finally {
    under.release();
  }
}

function whyNot(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // fetch puts the reason only into the cause
  return error.cause instanceof Error ? `${error.message} (${whyNot(error.cause)})` : error.message;
}
