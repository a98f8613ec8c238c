/** Where a model's tokenizer and template are: a folder, or the hub, by way of the cache that Hugging Face's tools share. */
import { downloadFileToCacheDir, getHFHubCachePath, modelInfo, pathsInfo } from '@huggingface/hub';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { isHubId } from '../hub-id.ts';

const NEEDED = ['tokenizer_config.json', 'tokenizer.json'] as const;

/** The template is a file of its own, or in the settings. What is needed comes last: where it is, all is. */
const FILES = ['chat_template.jinja', ...NEEDED];

/** For one request to the hub. */
const HUB_MS = 60_000;

/**
 * A server on this machine mostly has its model in the cache already, so that is looked into first.
 * @throws {ConfigError} when neither the cache nor the hub has it
 */
export async function findTokenizerFolder(named: string, hub: string | undefined): Promise<string> {
  if (existsSync(named) || !isHubId(named)) return named;
  return cached(named) ?? (await download(named, hub));
}

/** The newest of its snapshots that has what is needed. */
function cached(id: string): string | undefined {
  const snapshots = join(getHFHubCachePath(), `models--${id.replace('/', '--')}`, 'snapshots');
  if (!existsSync(snapshots)) return undefined;
  const folders = readdirSync(snapshots).map((name) => join(snapshots, name));
  const complete = folders.filter((folder) => NEEDED.every((file) => existsSync(join(folder, file))));
  return complete.toSorted((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
}

const inTime: typeof fetch = (url, options) => fetch(url, { signal: AbortSignal.timeout(HUB_MS), ...options });

async function download(id: string, hub: string | undefined): Promise<string> {
  const from = { fetch: inTime, ...(hub === undefined ? {} : { hubUrl: hub.replace(/\/+$/, '') }) };
  try {
    const { sha } = await modelInfo({ name: id, additionalFields: ['sha'], ...from });
    const there = (await pathsInfo({ repo: id, paths: FILES, revision: sha, ...from })).map(({ path }) => path);
    const missing = NEEDED.find((file) => !there.includes(file));
    if (missing !== undefined) throw new Error(`it has no ${missing}`);
    let last = '';
    for (const path of FILES.filter((file) => there.includes(file))) {
      // oxlint-disable-next-line no-await-in-loop -- in this order
      last = await downloadFileToCacheDir({ repo: id, path, revision: sha, ...from });
    }
    return dirname(last);
  } catch (cause) {
    throw new ConfigError(
      `there is no folder ${id} here, and its tokenizer does not come from the hub: ${whyNot(cause)}`,
      {
        hint: 'look at its name and the network, or set THINKMETER_TOKENIZER to a folder with its tokenizer.json and tokenizer_config.json',
        cause,
      },
    );
  }
}

function whyNot(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // fetch tells its reason only in the cause
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
