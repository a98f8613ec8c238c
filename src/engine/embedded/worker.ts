/**
 * The worker thread owns the model, its tokenizer and the key-value cache of the last generation. Computing a token
 * blocks the thread, so generation does not run in the main thread.
 */
import { join } from 'node:path';
import { parentPort } from 'node:worker_threads';
import { InvariantError } from '../../errors.ts';
import type { Model } from './model.ts';
import type { FromWorker, Load, ToWorker } from './protocol.ts';

const port = parentPort;
if (port === null) throw new InvariantError('this file was not started as a worker thread');

// stdout belongs to the protocol, and unread output of a library would keep the program alive
process.stdout.write = () => true;

const say = (message: FromWorker): void => port.postMessage(message);

/** next to this file in the built program */
const WASM = new URL('onnxruntime.wasm', import.meta.url);

let model: Model | undefined;

function loaded(): Model {
  if (model === undefined) throw new InvariantError('the model was used before it was loaded');
  return model;
}

/** Each library is loaded only when a model needs it: transformers.js may not be installed. */
async function load(request: Load): Promise<Model> {
  const { library, source } = request;
  if (library === 'onnxruntime' && source.kind === 'folder') {
    const [{ loadRuntime }, { OnnxModel }] = await Promise.all([import('./runtime.ts'), import('./onnx-model.ts')]);
    return OnnxModel.load(await loadRuntime(WASM), join(source.parent, source.name), source.file);
  }
  const { TransformersModel } = await import('./transformers-model.ts');
  return TransformersModel.load(request, (message) => say({ kind: 'loading', message }));
}

async function answer({ call, name, ask }: ToWorker): Promise<unknown> {
  switch (name) {
    case 'load':
      model = await load(ask);
      return { window: model.window };
    case 'template':
      return loaded().template(ask.messages, ask.templateArguments);
    case 'encode':
      return loaded().encode(ask.text);
    case 'decode':
      return loaded().decode(ask.ids);
    case 'generate':
      return loaded().generate(ask, (id, text, margin) =>
        say({ kind: 'token', call, id, text, ...(margin !== undefined && { margin }) }),
      );
  }
}

port.on('message', (message: ToWorker) => {
  answer(message).then(
    (value) => say({ kind: 'answer', call: message.call, answer: value }),
    (error: unknown) => {
      const { message: words, code } =
        error instanceof Error ? (error as Error & { code?: string }) : { message: String(error) };
      say({ kind: 'failed', call: message.call, message: words, code });
    },
  );
});
