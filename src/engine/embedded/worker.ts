/**
 * The worker thread owns the model, its tokenizer and the key-value cache of the last generation. Computing a token
 * blocks the thread, so generation does not run in the main thread.
 */
import { parentPort } from 'node:worker_threads';
import { InvariantError } from '../../errors.ts';
import { LocalModel } from './model.ts';
import type { FromWorker, ToWorker } from './protocol.ts';

const port = parentPort;
if (port === null) throw new InvariantError('this file was not started as a worker thread');

// stdout belongs to the protocol, and unread output of a library would keep the program alive
process.stdout.write = () => true;

const say = (message: FromWorker): void => port.postMessage(message);

let model: LocalModel | undefined;

function loaded(): LocalModel {
  if (model === undefined) throw new InvariantError('the model was used before it was loaded');
  return model;
}

async function answer({ call, name, ask }: ToWorker): Promise<unknown> {
  switch (name) {
    case 'load':
      model = await LocalModel.load(ask, (message) => say({ kind: 'loading', message }));
      return { window: model.window };
    case 'template':
      return loaded().template(ask.messages, ask.templateArguments);
    case 'encode':
      return loaded().encode(ask.text);
    case 'decode':
      return loaded().decode(ask.ids);
    case 'generate':
      return loaded().generate(ask, (id, text) => say({ kind: 'token', call, id, text }));
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
