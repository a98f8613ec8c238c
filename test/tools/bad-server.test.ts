/** A server that is not there, not ready, not the right one: the caller is told which, where, and the way on. */
import type { RequestListener } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { connect, type Connection } from '../support/connect.ts';
import { neverStopsThinking } from '../support/fake-vllm/scripts.ts';
import { startFakeVllm, type FakeVllm, type FakeVllmOptions } from '../support/fake-vllm/server.ts';
import { IN_SECONDS } from '../support/in-seconds.ts';
import { listening } from '../support/listening.ts';
import { errorSentence, runResult } from '../support/results.ts';

const question = 'Is it so?';
const KEY = 'sk-never-show-this-0123456789';

async function startFake(options: FakeVllmOptions = {}): Promise<FakeVllm> {
  const fake = await startFakeVllm(options);
  onTestFinished(() => fake.close());
  return fake;
}

async function start(env: Readonly<Record<string, string>>): Promise<Connection> {
  const client = await connect({ env });
  onTestFinished(() => client.close());
  return client;
}

async function listen(answer: RequestListener): Promise<string> {
  const server = await listening(answer);
  onTestFinished(() => server.close());
  return server.url;
}

/** An address where nobody listens: a port that no system gives away. */
const DESERTED = 'http://127.0.0.1:1';

test('no server there: the address that was tried and the three ways on', async () => {
  const client = await start({ THINKMETER_BASE_URL: `${DESERTED}/v1`, THINKMETER_API_KEY: KEY });
  const sentence = errorSentence(await client.call('reason', { question }));
  expect(sentence).toContain(DESERTED);
  expect(sentence).toMatch(/Start vLLM.*THINKMETER_BASE_URL.*THINKMETER_ENGINE=demo/);
  expect(sentence + client.stderr()).not.toContain(KEY);
});

test('no server there is an error of a batch as well, and told soon', IN_SECONDS, async () => {
  const client = await start({ THINKMETER_BASE_URL: DESERTED });
  const at = performance.now();
  const args = { instruction: 'Is it so?', items: Array.from({ length: 100 }, (_, index) => `item ${index}`) };
  const result = await client.call('analyze_batch', { ...args, max_seconds: 6 });
  errorSentence(result);
  expect(result.code).toBe('ENGINE_UNREACHABLE');
  expect(performance.now() - at).toBeLessThan(4000);
});

test('a server that comes up later is found by the next call', async () => {
  const fake = await startFakeVllm();
  await fake.close();
  const client = await start({ THINKMETER_BASE_URL: fake.url });
  errorSentence(await client.call('reason', { question }));
  await startFake({ port: Number(new URL(fake.url).port) });
  expect(runResult(await client.call('reason', { question })).answer).toBe('The answer is 4.');
});

test('a wrong key is refused with the address, never with the key', async () => {
  const fake = await startFake({ apiKey: 'right' });
  const client = await start({ THINKMETER_BASE_URL: fake.url, THINKMETER_API_KEY: KEY });
  const sentence = errorSentence(await client.call('reason', { question }));
  expect(sentence).toMatch(/refused the key \(401\)\. Set THINKMETER_API_KEY/);
  expect(sentence).toContain(fake.url);
  expect(sentence + client.stderr()).not.toContain(KEY);
});

test('a missing key is asked for', async () => {
  const fake = await startFake({ apiKey: 'right' });
  const client = await start({ THINKMETER_BASE_URL: fake.url });
  expect(errorSentence(await client.call('reason', { question }))).toMatch(/requires a key.*THINKMETER_API_KEY/);
});

test.each([400, 401, 404, 500])('a server that says the key in its %i gets it no further', async (status) => {
  const url = await listen((request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '60' });
    const message = `your header was ${request.headers.authorization} at ${request.url}`;
    response.end(JSON.stringify({ error: { message, type: 'x', code: status }, detail: message }));
  });
  const client = await start({ THINKMETER_BASE_URL: url, THINKMETER_API_KEY: KEY, THINKMETER_LOG_LEVEL: 'debug' });
  const sentence = errorSentence(await client.call('reason', { question }));
  expect(sentence).toContain(url);
  expect(sentence + client.stderr()).not.toContain(KEY);
});

test('an unknown model is refused with the names that are served', async () => {
  const fake = await startFake({ servedName: 'the-one' });
  const client = await start({ THINKMETER_BASE_URL: fake.url, THINKMETER_MODEL: 'nope' });
  expect(errorSentence(await client.call('reason', { question }))).toMatch(
    /serves the-one, not nope.*THINKMETER_MODEL/,
  );
});

const strangers: { name: string; answer: RequestListener; says: RegExp }[] = [
  {
    name: 'a web site',
    answer: (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>hello</html>'),
    says: /THINKMETER_BASE_URL/,
  },
  {
    name: 'another API',
    answer: (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}'),
    says: /does not have the format that vLLM uses.*THINKMETER_BASE_URL/,
  },
  {
    name: 'a server without models',
    answer: (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":[]}'),
    says: /no model|serves/,
  },
];

test.each(strangers)('$name is told from vLLM', async ({ answer, says }) => {
  const client = await start({ THINKMETER_BASE_URL: await listen(answer) });
  expect(errorSentence(await client.call('reason', { question }))).toMatch(says);
});

test.each([
  { name: '/tokenize', misbehave: { noTokenize: true } },
  { name: 'token ids', misbehave: { noTokenIds: true } },
])('a server without $name is answered from all the same, within the budget', async ({ misbehave }) => {
  const fake = await startFake({ misbehave, script: neverStopsThinking() });
  const client = await start({ THINKMETER_BASE_URL: fake.url });
  const { thinking, answer } = runResult(await client.call('reason', { question, thinking_budget: 20 }));
  expect(answer).toBe('The answer is 42.');
  expect(thinking).toMatchObject({ counted_by: 'usage', ended_by: 'budget', honored: true });
});

test('over chat, a connection that breaks in every answer keeps what was paid for behind a link', async () => {
  const fake = await startFake({ script: () => 'so '.repeat(200), misbehave: { noTokenize: true } });
  const client = await start({ THINKMETER_BASE_URL: fake.url });
  fake.change({ noTokenize: true, dropAfterTokens: 12 });
  const sentence = errorSentence(await client.call('reason', { question }));
  const [, tokens, link = ''] = /The (\d+) thinking tokens received are kept at (\S+?)\.?$/.exec(sentence) ?? [];
  expect(sentence).toMatch(/broke/);
  const kept: unknown = JSON.parse(await client.read(link));
  expect(kept).toMatchObject({ thinking: { tokens: Number(tokens) }, reasoning: expect.stringContaining('so so') });
});

const folders = [
  {
    name: 'a model folder that is missing',
    model: '/no/such/folder',
    says: /model folder \/no\/such\/folder does not exist/,
  },
  { name: 'a folder without a model', model: 'test', says: /not a model folder.*config\.json/ },
];

test.each(folders)('$name is named', async ({ model, says }) => {
  const client = await start({ THINKMETER_ENGINE: 'embedded', THINKMETER_MODEL: model });
  const sentence = errorSentence(await client.call('reason', { question }));
  expect(sentence).toMatch(says);
  expect(sentence).toContain('THINKMETER_MODEL');
});
