/** Generations follow each other in the model's thread: one begins when the one before it has stored its cache. */
import { expect, onTestFinished, test } from 'vitest';
import { fileURLToPath } from 'node:url';
import { createEmbeddedEngine } from '../../../src/engine/embedded/engine.ts';
import { beginningOf } from '../../../src/engine/token-ids.ts';

/** Says, as the text of its first token, whether another generation was still under way. */
const WORKER = `
  import { parentPort } from 'node:worker_threads';
  const say = (message) => parentPort.postMessage(message);
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  let underWay = 0;
  const generate = async (call, { stop }) => {
    underWay += 1;
    say({ kind: 'token', call, id: 1, text: underWay > 1 ? 'together' : 'alone' });
    while (Atomics.load(stop, 0) === 0) await wait(1);
    // the cache is stored after the last token
    await wait(50);
    underWay -= 1;
    return 'abort';
  };
  parentPort.on('message', async ({ call, name, ask }) => {
    const answers = { load: { window: 2048 }, encode: [1], template: [1], decode: '</think>' };
    say({ kind: 'answer', call, answer: name === 'generate' ? await generate(call, ask) : answers[name] });
  });`;

test('B18: after an abort the next generation waits until the last one is over', async () => {
  const worker = new URL(`data:text/javascript,${encodeURIComponent(WORKER)}`);
  const model = fileURLToPath(new URL('../../../models/thinkmeter-demo', import.meta.url));
  const engine = createEmbeddedEngine({ model, worker });
  onTestFinished(() => engine.close());
  const session = await engine.open({ signal: new AbortController().signal });
  const first = async (): Promise<string> => {
    const cut = new AbortController();
    for await (const { text } of session.generate(beginningOf([1], ''), { maxTokens: 9, sampling: {} }, cut)) {
      cut.abort();
      return text;
    }
    return 'nothing';
  };
  const texts: string[] = [];
  for (let turn = 0; turn < 3; turn += 1) {
    // oxlint-disable-next-line no-await-in-loop -- as after a cut
    texts.push(await first());
  }
  expect(texts).toEqual(['alone', 'alone', 'alone']);
});
