/** The worker thread's side is played by scripts of a few lines: how calls, tokens and failures find their way. */
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { createEmbeddedEngine } from '../../../src/engine/embedded/engine.ts';
import { Thread, WorkerError } from '../../../src/engine/embedded/thread.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { factsOf, failure, forever, generateFrom, greedily, read } from '../reading.ts';

const signal = forever();
const model = fileURLToPath(new URL('../../../models/thinkmeter-demo', import.meta.url));

/** A worker whose `answer({ name, ask, call }, say)` gives what a call is answered with. */
function playing(answer: string): URL {
  const script = `
    import { parentPort } from 'node:worker_threads';
    const say = (message) => parentPort.postMessage(message);
    const answer = ${answer};
    parentPort.on('message', async (message) => {
      const { call } = message;
      try {
        say({ kind: 'answer', call, answer: await answer(message, say) });
      } catch ({ message: words, code }) {
        say({ kind: 'failed', call, message: words, code });
      }
    });`;
  return new URL(`data:text/javascript,${encodeURIComponent(script)}`);
}

function threadOf(answer: string): Thread {
  const thread = new Thread(playing(answer));
  onTestFinished(() => thread.close());
  return thread;
}

function engineOf(answer: string): Engine {
  const engine = createEmbeddedEngine({ model, worker: playing(answer) });
  onTestFinished(() => engine.close());
  return engine;
}

test('answers find their calls, in whatever order they come', async () => {
  const thread = threadOf(
    `({ ask }) => new Promise((done) => setTimeout(done, 90 - ask.text.length * 30, [ask.text.length]))`,
  );
  const calls = ['a', 'aa', 'aaa'].map((text) => thread.call('encode', { text }));
  expect(await Promise.all(calls)).toEqual([[1], [2], [3]]);
});

test("a failure is its own call's only, and carries Node's code", async () => {
  const thread = threadOf(`({ ask }) => {
    if (ask.text === 'bad') throw Object.assign(new Error('no such thing'), { code: 'ENOENT' });
    return [];
  }`);
  const [bad, good] = [thread.call('encode', { text: 'bad' }), thread.call('encode', { text: 'good' })];
  const error = await bad.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(WorkerError);
  expect(error).toMatchObject({ message: 'no such thing', code: 'ENOENT' });
  expect(await good).toEqual([]);
});

test('tokens come before the answer, to the call that they belong to', async () => {
  const thread = threadOf(`({ call, ask }, say) => {
    for (const id of ask.ids) say({ kind: 'token', call, id, text: String(id) });
    return 'stop';
  }`);
  const heard: string[] = [];
  const play = (name: string, ids: readonly number[]): Promise<string> =>
    thread.call(
      'generate',
      { ids, maxTokens: 9, sampling: {}, stop: new Int32Array(new SharedArrayBuffer(4)) },
      (id, text) => heard.push(`${name}${id}${text}`),
    );
  expect(await Promise.all([play('a', [1, 2]), play('b', [3])])).toEqual(['stop', 'stop']);
  expect(heard).toEqual(['a11', 'a22', 'b33']);
});

test('when the thread ends, whoever waits is told', async () => {
  const thread = threadOf(`() => process.exit(3)`);
  await expect(thread.call('encode', { text: 'x' })).rejects.toThrow('the worker thread ended with code 3');
});

test('after it has been closed a thread takes no call, and those that waited are told', async () => {
  const thread = threadOf(`() => new Promise(() => undefined)`);
  const waiting = failure(thread.call('encode', { text: 'x' }));
  await thread.close();
  expect((await waiting).message).toContain('the worker thread ended');
  await expect(thread.call('encode', { text: 'x' })).rejects.toMatchObject({ code: 'ENGINE_UNSUPPORTED' });
});

test('closing a thread that never began is nothing', async () => {
  await expect(new Thread(playing('() => 1')).close()).resolves.toBeUndefined();
});

/** A model that never was: enough for `open` and `render`. */
const MODEL = `
  if (name === 'load') return { window: 100 };
  if (name === 'decode') return 'x';
  if (name !== 'generate') return [1];`;

test('what is heard of the loading is told to those who wait for it', async () => {
  const engine = engineOf(`async ({ name }, say) => {
    if (name === 'load') say({ kind: 'loading', message: 'model.onnx 40 %' });
    ${MODEL}
  }`);
  const heard: string[] = [];
  const loading = ({ message }: { message: string }): number => heard.push(message);
  await engine.open({ signal, loading });
  await engine.open({ signal, loading });
  expect(heard).toEqual(['loading model.onnx 40 %']);
});

test('a model is loaded once, and a caller that gives up does not stop the loading for another', async () => {
  const engine = engineOf(`async ({ name }, say) => {
    if (name === 'load') { say({ kind: 'loading', message: 'once' }); await new Promise((done) => setTimeout(done, 50)); }
    ${MODEL}
  }`);
  const heard: string[] = [];
  const leave = new AbortController();
  const given = failure(engine.open({ signal: leave.signal }));
  const kept = engine.open({ signal, loading: ({ message }) => heard.push(message) });
  leave.abort();
  expect((await given).name).toBe('AbortError');
  expect((await kept).facts).toMatchObject({ window: 100, model: 'thinkmeter-demo' });
  expect(heard).toEqual(['loading once']);
});

test('without the package the error says how to install it', async () => {
  const engine = engineOf(`() => {
    const words = "Cannot find package '@huggingface/transformers' imported from dist/worker.js";
    throw Object.assign(new Error(words), { code: 'ERR_MODULE_NOT_FOUND' });
  }`);
  await expect(factsOf(engine)).rejects.toMatchObject({
    code: 'ENGINE_UNSUPPORTED',
    hint: expect.stringContaining('npm install @huggingface/transformers'),
  });
});

/** Ends with its first generation; used before it is loaded it fails, as the real one does. */
const ENDS_ONCE = `(() => {
  let loaded = false;
  return ({ name, ask }) => {
    if (name === 'load') loaded = true;
    else if (!loaded) throw new Error('the model was used before it was loaded');
    if (name === 'generate' && ask.ids[0] === 13) process.exit(1);
    if (name === 'generate') return 'stop';
    ${MODEL}
  };
})()`;

// as when the system takes the memory; once the new thread was asked for a model that it had never loaded
test('after its thread has ended the engine loads the model again', async () => {
  const engine = engineOf(ENDS_ONCE);
  await factsOf(engine);
  await expect(read(generateFrom(engine, [13], greedily(5)))).rejects.toThrow('thread ended');
  await factsOf(engine);
  expect((await read(generateFrom(engine, [1], greedily(5)))).finish).toMatchObject({ raw: 'stop' });
});
