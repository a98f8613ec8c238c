/** A tokenizer and a template from a folder: the same as the server's own would be. */
import * as fc from 'fast-check';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { loadLocalCodec, type LocalCodec } from '../../../../src/engine/remote/token-ids/local-codec.ts';
import { ConfigError } from '../../../../src/errors.ts';
import { DEMO_MODELS, loadDemo } from '../../../prompt/demo-codec.ts';
import { forever } from '../../reading.ts';
import { turn } from '../../../support/texts.ts';

const SYSTEM = { role: 'system', content: 'You reason.' } as const;
const USER = { role: 'user', content: '2 + 2 = ?\n' } as const;

const load = (tokenizer: string): Promise<LocalCodec> => loadLocalCodec({ tokenizer }, forever());

const MODELS = await Promise.all(DEMO_MODELS.map(async (name) => ({ name, local: await load(`models/${name}`) })));

describe.each(MODELS)('$name', ({ name, local }) => {
  const demo = loadDemo(name);

  test.each([
    {
      switched: 'on',
      messages: [{ role: 'system', content: 'You reason. /think' }, USER],
      args: { enable_thinking: true },
    },
    {
      switched: 'off',
      messages: [{ role: 'system', content: 'You reason. /no_think' }, USER],
      args: { enable_thinking: false },
    },
    { switched: 'by nobody', messages: [SYSTEM, USER], args: {} },
    { switched: 'by nobody, without a system text', messages: [USER], args: {} },
  ] as const)('messages are the same ids, thinking switched $switched', async ({ messages, args }) => {
    const ids = await local.template([...messages], args);
    expect(ids).toEqual(await demo.codec.template([...messages], args));
    expect(ids.length).toBeGreaterThan(4);
  });

  test('a text is the same ids, however odd; they are counted, and make the text again', async () => {
    await fc.assert(
      fc.asyncProperty(turn, async (parts) => {
        const text = parts.join('');
        const ids = await local.encode(text);
        expect(ids).toEqual(await demo.codec.encode(text));
        expect(local.count(text)).toBe(ids.length);
        expect(await local.decode(ids)).toBe(text);
      }),
    );
  });

  test('any part of the ids is the same text; half a character is shown as one that is not known', async () => {
    const ids = await local.encode('so 2^10 = 1024.\n안녕하세요 👨‍👩‍👧 </think> 42 !');
    const edges = fc.tuple(fc.nat(ids.length - 1), fc.nat(ids.length - 1));
    await fc.assert(
      fc.asyncProperty(edges, async ([from, to]) => {
        const part = ids.slice(Math.min(from, to), Math.max(from, to) + 1);
        expect(await local.decode(part)).toBe(await demo.codec.decode(part));
      }),
    );
  });

  test('control tokens are shown, and nothing is put before a text', async () => {
    expect(await local.encode('')).toEqual([]);
    const ids = await local.template([USER], {});
    expect(await local.decode(ids)).toBe(await demo.codec.decode(ids));
    expect(demo.controlIds(await local.encode('2 + 2'))).toEqual([]);
  });

  test('the window is the one that the folder tells', async () => {
    expect(await local.window()).toBe(2048);
  });
});

// the library refuses it with an error of its own
test('no ids are no text', async () => {
  expect(await (await load('models/thinkmeter-demo')).decode([])).toBe('');
});

/** A copy of a folder, with some of its settings otherwise. */
function copied(settings: Readonly<Record<string, unknown>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'thinkmeter-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = 'tokenizer_config.json';
  cpSync('models/thinkmeter-demo/tokenizer.json', join(folder, 'tokenizer.json'));
  const config = JSON.parse(readFileSync(`models/thinkmeter-demo/${file}`, 'utf8')) as object;
  writeFileSync(join(folder, file), JSON.stringify({ ...config, ...settings }));
  return folder;
}

test.each([
  { name: 'nobody knows', longest: 1e30 },
  { name: 'nobody says', longest: undefined },
  { name: 'it is empty', longest: null },
])('a window is not made up: $name', async ({ longest }) => {
  expect(await (await load(copied({ model_max_length: longest }))).window()).toBeUndefined();
});

test('a template in a file of its own goes before the one in the settings', async () => {
  const folder = copied({ chat_template: null });
  writeFileSync(join(folder, 'chat_template.jinja'), '{{ bos_token }}{{ messages[0].content }}{{ eos_token }}');
  const codec = await load(folder);
  expect(await codec.decode(await codec.template([USER], {}))).toBe('<s>2 + 2 = ?\n<SPECIAL_12>');
});

test('of several templates the one for conversations is taken', async () => {
  const templates = ['tool_use', 'default'].map((name) => ({ name, template: `${name}: {{ messages[0].content }}` }));
  const folder = copied({ chat_template: templates });
  const codec = await load(folder);
  expect(await codec.decode(await codec.template([USER], {}))).toBe('default: 2 + 2 = ?\n');
});

test('special tokens may be objects', async () => {
  const folder = copied({ chat_template: '{{ eos_token }}', eos_token: { content: '<SPECIAL_12>', lstrip: false } });
  const codec = await load(folder);
  expect(await codec.decode(await codec.template([USER], {}))).toBe('<SPECIAL_12>');
});

// without the setting the library takes the space before a point away: a detokenized stretch is not what was received
test.each([undefined, true])('decoding never tidies up, whatever the settings say: %s', async (tidy) => {
  const codec = await load(copied({ clean_up_tokenization_spaces: tidy }));
  expect(await codec.decode(await codec.encode('so . it , is !'))).toBe('so . it , is !');
});

const unreadable: readonly { name: string; folder: () => string }[] = [
  { name: 'nothing there', folder: () => '/nowhere' },
  { name: 'an empty folder', folder: () => empty() },
  { name: 'no template', folder: () => copied({ chat_template: null }) },
  { name: 'a template that is none', folder: () => copied({ chat_template: '{% if %}' }) },
  { name: 'settings of another kind', folder: () => copied({ chat_template: 7 }) },
  { name: 'a file', folder: () => 'models/README.md' },
];

function empty(): string {
  const folder = mkdtempSync(join(tmpdir(), 'thinkmeter-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'onnx'));
  return folder;
}

test.each(unreadable)('a folder without a tokenizer is told, with what has to be there: $name', async ({ folder }) => {
  const tokenizer = folder();
  const error: unknown = await load(tokenizer).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConfigError);
  expect(error).toMatchObject({
    message: expect.stringContaining(`THINKMETER_TOKENIZER is ${tokenizer}`),
    hint: expect.stringMatching(/tokenizer\.json.*tokenizer_config/),
  });
});
