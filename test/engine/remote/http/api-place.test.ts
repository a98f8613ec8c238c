/** Where the API is below an address that does not end in /v1: the place that answers is kept. */
import { expect, test } from 'vitest';
import { createRemoteEngine, type RemoteOptions } from '../../../../src/engine/remote/engine.ts';
import { startFake, startRoad, type Answer, type Passing, type Road } from '../../../support/road.ts';
import { factsOf, failure, generate, greedily } from '../../reading.ts';

const MISSING: Answer = { status: 404, body: { detail: 'Not Found' } };

const generations = ({ passed }: Road): readonly Passing[] =>
  passed.filter(({ path }) => path.endsWith('/completions'));

const BASES = ['/v1/openai', '/api/paas/v4', '/v1beta/openai', '/inference', '/serving-endpoints'];

// DeepInfra, z.ai, Gemini, GitHub Models and Databricks
test.each(BASES)('below %s the API is found without /v1, and looked for once', async (base) => {
  const fake = await startFake();
  const road = await startRoad(fake.url, {
    detour: ({ path }) => (path.startsWith(`${base}/`) && !path.startsWith(`${base}/v1`) ? undefined : MISSING),
    below: base,
    to: (path) => `/v1${path}`,
  });
  const engine = createRemoteEngine({ baseUrl: road.url, model: 'thinkmeter-demo' });
  expect((await generate(engine, 'x', greedily(3))).text).not.toBe('');
  expect((await generate(engine, 'y', greedily(3))).text).not.toBe('');
  expect(road.passed.filter(({ path }) => path === `${base}/v1/models`)).toHaveLength(1);
  expect(new Set(generations(road).map(({ path }) => path))).toEqual(new Set([`${base}/chat/completions`]));
});

test('a service without a list of models is found by its first generation', async () => {
  const fake = await startFake();
  const road = await startRoad(fake.url, {
    detour: ({ path }) => (path === '/llm/chat/completions' ? undefined : MISSING),
    below: '/llm',
    to: (path) => `/v1${path}`,
  });
  const engine = createRemoteEngine({ baseUrl: road.url, model: 'thinkmeter-demo' });
  for (const question of ['x', 'y']) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    expect((await generate(engine, question, greedily(3))).text).not.toBe('');
  }
  expect(generations(road).filter(({ path }) => path === '/llm/v1/chat/completions')).toHaveLength(1);
});

test.each<{ name: string; answer: Answer }>([
  {
    name: 'with 403, as an API gateway does',
    answer: { status: 403, body: { message: 'Missing Authentication Token' } },
  },
  { name: 'with 405', answer: { status: 405, body: { detail: 'Method Not Allowed' } } },
  { name: 'with a web page', answer: { status: 200, body: '<!doctype html><title>Home</title>' } },
  { name: 'with an error and status 200', answer: { status: 200, body: { code: 500, msg: '404 NOT_FOUND' } } },
])('a base that answers unknown paths $name is looked at in both places', async ({ answer }) => {
  const fake = await startFake();
  const road = await startRoad(fake.url, {
    detour: ({ path }) =>
      path.startsWith('/api/v4/') && !path.startsWith('/api/v4/v1') && !path.includes('token') ? undefined : answer,
    below: '/api/v4',
    to: (path) => `/v1${path}`,
  });
  expect(await factsOf(createRemoteEngine({ baseUrl: road.url }))).toMatchObject({ model: 'thinkmeter-demo' });
});

test('a pasted endpoint needs no second place', async () => {
  const fake = await startFake();
  const road = await startRoad(fake.url);
  await factsOf(createRemoteEngine({ baseUrl: `${road.url}/v1/chat/completions` }));
  expect(road.passed.map(({ path }) => path)).not.toContain('/models');
});

test('the paths next to the API stay below the base', async () => {
  const fake = await startFake();
  const road = await startRoad(fake.url, { below: '/gpu' });
  await generate(createRemoteEngine({ baseUrl: `${road.url}/v1/models` }), 'x', greedily(3));
  const paths = road.passed.map(({ path }) => path);
  expect(paths).toContain('/gpu/tokenize');
  expect(paths).toContain('/gpu/v1/completions');
});

test.each<{ name: string; options: Partial<RemoteOptions>; says: RegExp }>([
  { name: 'a wrong key', options: { apiKey: 'wrong-key' }, says: /refused the key \(401\)/ },
  { name: 'a missing key', options: {}, says: /requires a key \(401\)/ },
])('where neither place is right, the error is that of the first: $name', async ({ options, says }) => {
  const fake = await startFake({ apiKey: 'right' });
  expect((await failure(factsOf(createRemoteEngine({ baseUrl: fake.url, ...options })))).message).toMatch(says);
});

test('if only the second place refuses the key, the error says so', async () => {
  const road = await startRoad((await startFake()).url, {
    detour: ({ path }) => (path === '/models' ? { status: 401, body: { error: 'Unauthorized' } } : MISSING),
  });
  expect((await failure(factsOf(createRemoteEngine({ baseUrl: road.url })))).message).toMatch(/requires a key \(401\)/);
});
