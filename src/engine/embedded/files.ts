/** Finds the files of an embedded model: in a folder on this machine, or on the hub. */
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { isHubId } from '../hub-id.ts';
import type { ModelSource } from './protocol.ts';

/** Number formats and their files, in order of preference (names from transformers.js). */
const FORMATS = [
  ['q8', 'model_quantized.onnx'],
  ['q4', 'model_q4.onnx'],
  ['q4f16', 'model_q4f16.onnx'],
  ['fp16', 'model_fp16.onnx'],
  ['fp32', 'model.onnx'],
] as const;

/** On a CPU, transformers.js would choose fp32, which takes four times the memory. */
const HUB_DEFAULT = 'q8';

/** @throws {ConfigError} if `model` is not a hub id and not a folder with a model */
export function findModel(
  model: string,
  dtype: string | undefined,
): { name: string; source: ModelSource; dtype: string } {
  const folder = resolve(model);
  if (!existsSync(folder)) {
    if (!isHubId(model)) {
      throw new ConfigError(`the model folder ${model} does not exist`, {
        hint: 'set THINKMETER_MODEL to a folder with an ONNX model, or to a hub id such as ORGANIZATION/NAME',
      });
    }
    return { name: model, source: { kind: 'hub', id: model }, dtype: dtype ?? HUB_DEFAULT };
  }
  if (!statSync(folder).isDirectory() || !existsSync(join(folder, 'config.json'))) {
    throw new ConfigError(`${model} is not a model folder: it has no config.json`, {
      hint: 'set THINKMETER_MODEL to a model folder in the layout of transformers.js',
    });
  }
  const [held, file] = FORMATS.find(([, name]) => existsSync(join(folder, 'onnx', name))) ?? [];
  if (held === undefined && dtype === undefined) {
    throw new ConfigError(`${model} contains no ONNX model: onnx/model*.onnx is missing`, {
      hint: 'export the model to ONNX, or use an ONNX repository from the hub',
    });
  }
  const name = basename(folder);
  const source = { kind: 'folder', parent: dirname(folder), name, file: `onnx/${file ?? ''}` } as const;
  return { name, source, dtype: dtype ?? held ?? HUB_DEFAULT };
}
