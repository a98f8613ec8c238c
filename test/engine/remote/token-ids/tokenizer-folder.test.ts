/** A tokenizer by its hub id: from this machine's cache, else downloaded from the hub into this cache. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { findTokenizerFolder } from '../../../../src/engine/remote/token-ids/tokenizer-folder.ts';
import { ConfigError } from '../../../../src/errors.ts';
import { startFakeHub, type FakeHub } from '../../../support/fake-hub.ts';
import { startSilent } from '../../../support/silent-server.ts';
import { forever } from '../../reading.ts';

const ID = 'nvidia/nano';
const FILES = ['tokenizer_config.json', 'tokenizer.json'] as const;
let cache: string;

beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'thinkmeter-hub-'));
  onTestFinished(() => rmSync(cache, { recursive: true }));
  vi.stubEnv('HF_HUB_CACHE', cache);
  onTestFinished(() => void vi.unstubAllEnvs());
  vi.spyOn(console, 'debug').mockImplementation(() => undefined);
});

const find = (tokenizer: string, hub: string): Promise<string> => findTokenizerFolder({ tokenizer, hub }, forever());

async function hubWith(folders: Readonly<Record<string, string>>): Promise<FakeHub> {
  const hub = await startFakeHub(folders);
  onTestFinished(() => hub.close());
  return hub;
}

/** A cache folder in the layout of Hugging Face's tools. */
function snapshot(commit: string, files: readonly string[], seconds: number): string {
  const folder = join(cache, 'models--nvidia--nano', 'snapshots', commit);
  mkdirSync(folder, { recursive: true });
  for (const file of files) cpSync(`models/thinkmeter-demo/${file}`, join(folder, file));
  utimesSync(folder, seconds, seconds);
  return folder;
}

test('a folder is used directly, even if its name could be a hub id', async () => {
  expect(await find('models/thinkmeter-demo', 'http://127.0.0.1:1')).toBe('models/thinkmeter-demo');
  expect(await find('./nowhere/at-all', 'http://127.0.0.1:1')).toBe('./nowhere/at-all');
});

test.each(['', '/'])(
  'what the hub has is loaded once, without the weights (address with "%s" at its end)',
  async (end) => {
    const hub = await hubWith({ [ID]: 'models/thinkmeter-demo-3' });
    const folder = await find(ID, hub.url + end);
    for (const file of FILES) {
      expect(readFileSync(join(folder, file))).toEqual(readFileSync(`models/thinkmeter-demo-3/${file}`));
    }
    expect(existsSync(join(folder, 'chat_template.jinja'))).toBe(false);
    expect(hub.requests.filter((line) => /safetensors|onnx/.test(line))).toEqual([]);
    const asked = hub.requests.length;
    expect(await find(ID, hub.url + end)).toBe(folder);
    expect(hub.requests).toHaveLength(asked);
  },
);

test('files that another tool has downloaded come from the cache: the newest complete snapshot', async () => {
  snapshot('a'.repeat(40), FILES, 1000);
  const newest = snapshot('b'.repeat(40), FILES, 2000);
  snapshot('c'.repeat(40), ['tokenizer_config.json'], 3000);
  expect(await find(ID, 'http://127.0.0.1:1')).toBe(newest);
});

test('the snapshot of main takes precedence over newer snapshots', async () => {
  const main = snapshot('a'.repeat(40), FILES, 1000);
  snapshot('b'.repeat(40), FILES, 2000);
  const refs = join(cache, 'models--nvidia--nano', 'refs');
  mkdirSync(refs);
  writeFileSync(join(refs, 'main'), 'a'.repeat(40));
  expect(await find(ID, 'http://127.0.0.1:1')).toBe(main);
});

test('a snapshot without a chat template is incomplete', async () => {
  const folder = snapshot('a'.repeat(40), FILES, 1000);
  writeFileSync(join(folder, 'tokenizer_config.json'), '{}');
  const hub = await hubWith({ [ID]: 'models/thinkmeter-demo' });
  expect(await find(ID, hub.url)).not.toBe(folder);
  writeFileSync(join(folder, 'chat_template.jinja'), '{{ messages }}');
  utimesSync(folder, 9e9, 9e9);
  expect(await find(ID, hub.url)).toBe(folder);
});

test('the download ends when its caller aborts', async () => {
  const silent = await startSilent();
  const gone = new AbortController();
  const loading = findTokenizerFolder({ tokenizer: ID, hub: silent.url }, gone.signal);
  gone.abort();
  await expect(loading).rejects.toThrow(ConfigError);
});

test('an incomplete snapshot is downloaded again', async () => {
  const half = snapshot('c'.repeat(40), ['tokenizer_config.json'], 3000);
  const hub = await hubWith({ [ID]: 'models/thinkmeter-demo' });
  const folder = await find(ID, hub.url);
  expect(folder).not.toBe(half);
  expect(readFileSync(join(folder, 'tokenizer.json'))).toEqual(readFileSync('models/thinkmeter-demo/tokenizer.json'));
});

test.each([
  { name: 'no such model', start: () => hubWith({}), says: /Repository not found/ },
  {
    name: 'a model without a tokenizer',
    start: () => hubWith({ [ID]: 'test' }),
    says: /the repository has no tokenizer_config\.json/,
  },
  { name: 'no hub at the address', start: () => Promise.resolve({ url: 'http://127.0.0.1:1' }), says: /fetch failed/ },
])('a failed download is an error with a hint: $name', async ({ start, says }) => {
  const { url } = await start();
  const error: unknown = await find(ID, url).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConfigError);
  expect(error).toMatchObject({
    message: expect.stringMatching(says),
    hint: expect.stringMatching(/hf download nvidia\/nano.*tokenizer\.json/),
  });
  expect((error as Error).message).toContain(`THINKMETER_TOKENIZER is ${ID}: no such folder exists`);
});
