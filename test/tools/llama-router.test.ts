/** llama.cpp's router mode: every request names its model, and a model that is not loaded is loaded by the first call. */
import { expect, onTestFinished, test } from 'vitest';
import { connect, type Connection } from '../support/connect.ts';
import type { RouterOptions } from '../support/fake-servers/router.ts';
import { startFakeServer, type FakeServer } from '../support/fake-servers/server.ts';
import { neverStopsThinking } from '../support/fake-vllm/scripts.ts';
import { errorSentence, runResult } from '../support/results.ts';
import { statusResult } from '../support/status-result.ts';

const question = 'What is six times seven?';

async function start(router: RouterOptions): Promise<{ readonly fake: FakeServer; readonly client: Connection }> {
  const fake = await startFakeServer('llama.cpp', { router, window: 8192, script: neverStopsThinking() });
  const client = await connect({ fake });
  onTestFinished(async () => {
    await client.close();
    await fake.close();
  });
  return { fake, client };
}

// ahwurm/localharness#141 (with a Nemotron 3.5), SillyTavern/SillyTavern#4962, continuedev/continue#11244
test('tokens are counted by their ids, and a cut continues from them', async () => {
  const { fake, client } = await start({ others: ['nomic-embed-text-v1.5'] });
  const run = runResult(await client.call('reason', { question, thinking_budget: 33 }));
  expect(run).toMatchObject({ model: fake.name, warnings: [], usage: { requests: 2 } });
  expect(run.thinking).toMatchObject({ ended_by: 'budget', counted_by: 'ids', honored: true });
  const status = statusResult(await client.call('server_status', {}));
  expect(status).toMatchObject({ window: 8192, can: { token_ids: true }, faults: [] });
});

test('the first call waits until the model is loaded, says so meanwhile, and has all that later calls have', async () => {
  const { client } = await start({ isUnloaded: true, loadMs: 400 });
  const heard: string[] = [];
  const onprogress = ({ message }: { readonly message?: string | undefined }): void => void heard.push(message ?? '');
  const run = runResult(await client.call('reason', { question, thinking_budget: 33 }, { onprogress }));
  expect(run.thinking).toMatchObject({ ended_by: 'budget', counted_by: 'ids' });
  expect(heard.join()).toMatch(/loading/);
});

// ggml-org/llama.cpp#19346: a look at /metrics loaded the model
test('the status loads nothing, and says that the first call will', async () => {
  const { fake, client } = await start({ isUnloaded: true });
  const status = statusResult(await client.call('server_status', {}));
  expect(status.faults.map(({ what }) => what).join()).toMatch(/is not loaded/);
  expect(fake.requests.filter(({ method }) => method === 'POST')).toEqual([]);
  const looks = fake.requests.filter(({ path }) => path.startsWith('/props') || path.startsWith('/metrics'));
  expect(looks.length).toBeGreaterThan(0);
  for (const { path } of looks) expect(path).toMatch(/autoload=false/);
});

// gsanhueza/pi-llama-cpp#24
test('where the operator has forbidden loading, the error says what to do', async () => {
  const { client } = await start({ isUnloaded: true, noAutoload: true });
  const sentence = errorSentence(await client.call('reason', { question }));
  expect(sentence).toMatch(/has not loaded thinkmeter-demo.*--no-models-autoload/s);
});

test('a call whose time is over before the model is loaded says that the server still loads', async () => {
  const { client } = await start({ isUnloaded: true, loadMs: 60_000 });
  const sentence = errorSentence(await client.call('reason', { question, max_seconds: 2 }));
  expect(sentence).toMatch(/still loading thinkmeter-demo.*call again/s);
});

test('two first calls wait for the same model', async () => {
  const { client } = await start({ isUnloaded: true, loadMs: 300 });
  const calls = [1, 2].map(() => client.call('reason', { question, thinking_budget: 16 }));
  for (const result of await Promise.all(calls)) {
    expect(runResult(result).thinking).toMatchObject({ counted_by: 'ids' });
  }
});
