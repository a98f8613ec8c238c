/** What is said of a model that cannot be had. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { createEmbeddedEngine } from '../../../src/engine/embedded/engine.ts';
import { findModel } from '../../../src/engine/embedded/files.ts';
import { ConfigError, toSentence } from '../../../src/errors.ts';
import { startFakeHub } from '../../support/fake-hub.ts';
import { ROOT } from '../../support/program.ts';
import { factsOf, forever } from '../reading.ts';

const worker = new URL('../../../dist/worker.js', import.meta.url);
const demo = fileURLToPath(new URL('../../../models/thinkmeter-demo', import.meta.url));

/** A folder with these files, empty but for JSON. */
function folderWith(...files: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'thinkmeter-model-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'onnx'));
  for (const file of files) writeFileSync(join(folder, file), file.endsWith('.json') ? '{}' : '');
  return folder;
}

test.each([
  { held: ['onnx/model_quantized.onnx'], dtype: 'q8' },
  { held: ['onnx/model_q4.onnx'], dtype: 'q4' },
  { held: ['onnx/model_q4f16.onnx'], dtype: 'q4f16' },
  { held: ['onnx/model_fp16.onnx'], dtype: 'fp16' },
  { held: ['onnx/model.onnx'], dtype: 'fp32' },
  { held: ['onnx/model.onnx', 'onnx/model_quantized.onnx'], dtype: 'q8' },
])('a folder with $held is read as $dtype', ({ held, dtype }) => {
  expect(findModel(folderWith('config.json', ...held), undefined).dtype).toBe(dtype);
});

test('a format that was asked for is taken, also where the folder does not seem to hold it', () => {
  expect(findModel(folderWith('config.json', 'onnx/model.onnx'), 'q4').dtype).toBe('q4');
  expect(findModel(folderWith('config.json', 'onnx/model_bnb4.onnx'), 'bnb4').dtype).toBe('bnb4');
});

test('the name of a folder is its last part, and two parts without a folder are a hub id', () => {
  expect(findModel(`${demo}/`, undefined)).toMatchObject({ name: 'thinkmeter-demo', source: { kind: 'folder' } });
  expect(findModel('onnx-community/Qwen3-0.6B-ONNX', undefined)).toEqual({
    name: 'onnx-community/Qwen3-0.6B-ONNX',
    source: { kind: 'hub', id: 'onnx-community/Qwen3-0.6B-ONNX' },
    dtype: 'q8',
  });
});

test.each([
  {
    name: 'no such folder',
    model: () => '/no/such/folder',
    dtype: undefined,
    says: 'The model folder /no/such/folder does not exist',
  },
  {
    name: 'no such relative folder',
    model: () => './no-such',
    dtype: undefined,
    says: 'The model folder ./no-such does not exist',
  },
  {
    name: 'a name that is neither',
    model: () => 'nemotron',
    dtype: undefined,
    says: 'The model folder nemotron does not exist',
  },
  { name: 'a file', model: () => join(demo, 'config.json'), dtype: undefined, says: 'it has no config.json' },
  {
    name: 'a folder without config',
    model: () => folderWith('onnx/model.onnx'),
    dtype: undefined,
    says: 'config.json',
  },
  {
    name: 'a folder without ONNX',
    model: () => folderWith('config.json'),
    dtype: undefined,
    says: 'contains no ONNX model',
  },
  { name: 'a format that it does not hold', model: () => demo, dtype: 'q4', says: 'could not be loaded' },
  { name: 'a format that does not exist', model: () => demo, dtype: 'banana', says: 'could not be loaded' },
  {
    name: 'files that are no model',
    model: () => folderWith('config.json', 'tokenizer.json', 'tokenizer_config.json', 'onnx/model.onnx'),
    dtype: undefined,
    says: 'could not be loaded',
  },
  {
    name: 'a hub id that is not there',
    model: () => 'no-such-house/no-such-model',
    dtype: undefined,
    says: 'could not be loaded',
  },
])('$name is one clear sentence about the set-up', async ({ model, dtype, says }) => {
  const engine = createEmbeddedEngine({ model: model(), worker, ...(dtype === undefined ? {} : { dtype }) });
  onTestFinished(() => engine.close());
  const error = await factsOf(engine).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ConfigError);
  const sentence = toSentence(error as ConfigError);
  expect(sentence).toContain(says);
  expect(sentence).toMatch(/THINKMETER_MODEL|ONNX/);
  expect(sentence.length).toBeLessThan(500);
  expect(sentence).not.toContain('\n');
});

test('a model that could not be loaded is looked for again by the next call', async () => {
  const folder = folderWith();
  const engine = createEmbeddedEngine({ model: folder, worker });
  onTestFinished(() => engine.close());
  const describing = (): Promise<unknown> => factsOf(engine);
  await expect(describing()).rejects.toThrow('it has no config.json');
  writeFileSync(join(folder, 'config.json'), '{}');
  await expect(describing()).rejects.toThrow('contains no ONNX model');
});

test('a model of the hub is loaded, and says how far it is', async () => {
  // a name of its own each time: transformers.js keeps what it has loaded
  const id = `thinkmeter/demo-${process.pid}-${Date.now()}`;
  const hub = await startFakeHub({ [id]: 'models/thinkmeter-demo' });
  onTestFinished(() => hub.close());
  onTestFinished(() => rmSync(join(ROOT, 'node_modules/@huggingface/transformers/.cache', id), { recursive: true }));
  const engine = createEmbeddedEngine({ model: id, worker, hub: hub.url });
  onTestFinished(() => engine.close());
  const told: string[] = [];
  const loading = ({ message }: { readonly message: string }): void => void told.push(message);
  const { facts } = await engine.open({ signal: forever(), loading });
  expect(facts).toMatchObject({ model: id, window: 2048, family: { name: 'unknown (/think)' } });
  expect(hub.requests.join('\n')).toContain('onnx/model_quantized.onnx');
  expect(told.join('\n')).toMatch(/loading onnx\/model_quantized\.onnx \d+ %/);
});
