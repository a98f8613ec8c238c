/** The model that a call reaches, where no name, or nearly the right one, was configured. */
import { expect, onTestFinished, test } from 'vitest';
import { connect, type Connection } from '../support/connect.ts';
import type { FakeServerOptions } from '../support/fake-servers/host.ts';
import { startFakeServer, type FakeServer } from '../support/fake-servers/server.ts';
import type { Kind } from '../support/fake-servers/kinds.ts';
import { errorSentence, runResult } from '../support/results.ts';
import { startFake, startRoad } from '../support/road.ts';
import { statusResult } from '../support/status-result.ts';

async function start(kind: Kind, options: FakeServerOptions): Promise<FakeServer> {
  const fake = await startFakeServer(kind, options);
  onTestFinished(() => fake.close());
  return fake;
}

async function open(url: string, env: Readonly<Record<string, string>> = {}): Promise<Connection> {
  const client = await connect({ fake: { url }, env });
  onTestFinished(() => client.close());
  return client;
}

// osaurus-ai/osaurus#884: "nomic-embed-text:latest" does not support chat
test('an embedding model at the head of the list is not asked, and the status names the model that is', async () => {
  const fake = await start('ollama', { others: [{ id: 'nomic-embed-text:latest', type: 'nomic-bert' }] });
  const client = await open(fake.url);
  const run = runResult(await client.call('answer_fast', { question: 'x' }));
  expect(run).toMatchObject({ model: fake.name, warnings: [] });
  expect(statusResult(await client.call('server_status', {})).model).toBe(fake.name);
});

test('a name without its publisher is understood, and the result says so', async () => {
  const fake = await start('nim-1', {});
  const client = await open(fake.url, { THINKMETER_MODEL: 'thinkmeter-demo' });
  const run = runResult(await client.call('answer_fast', { question: 'x' }));
  expect(run.model).toBe('nvidia/thinkmeter-demo');
  expect(run.warnings.join()).toMatch(/THINKMETER_MODEL is thinkmeter-demo.*nvidia\/thinkmeter-demo/);
});

test('a service with hundreds of models asks for a choice, in a short sentence', async () => {
  const data = Array.from({ length: 400 }, (_, index) => ({ id: `vendor/model-${index}` }));
  const road = await startRoad((await startFake()).url, {
    detour: ({ path }) => (path === '/v1/models' ? { status: 200, body: { object: 'list', data } } : undefined),
  });
  const client = await open(road.url);
  const sentence = errorSentence(await client.call('answer_fast', { question: 'x' }));
  expect(sentence).toMatch(/400 models.*THINKMETER_MODEL/s);
  expect(sentence.length).toBeLessThan(600);
  expect(road.passed.filter(({ path }) => path.endsWith('completions'))).toEqual([]);
});

// maximhq/bifrost#6711, helixml/helix#386, odysseus-dev/odysseus#2204: Together's list has no object around it
test('a list of models may be a bare array', async () => {
  const models = [
    { id: 'togethercomputer/m2-bert-80M', type: 'embedding' },
    { id: 'thinkmeter-demo', type: 'chat' },
  ];
  const road = await startRoad((await startFake()).url, {
    detour: ({ path }) => (path === '/v1/models' ? { status: 200, body: models } : undefined),
  });
  const client = await open(road.url);
  expect(runResult(await client.call('answer_fast', { question: 'x' })).model).toBe('thinkmeter-demo');
});
