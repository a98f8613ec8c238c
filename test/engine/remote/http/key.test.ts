/** The key is sent only to the configured server; settings of other programs are ignored. */
import { inspect } from 'node:util';
import { afterEach, expect, test, vi } from 'vitest';
import { createRemoteEngine } from '../../../../src/engine/remote/engine.ts';
import { ThinkmeterError, toSentence } from '../../../../src/errors.ts';
import { factsOf, generate, greedily, promptOf } from '../../reading.ts';
import { startFake, startRoad } from '../../../support/road.ts';

const KEY = 'sesame-1f9e';

afterEach(() => vi.unstubAllEnvs());

async function failureOf(promise: Promise<unknown>): Promise<ThinkmeterError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ThinkmeterError)) throw new Error(`not an error of ours: ${inspect(error)}`);
  return error;
}

test('with a key every request contains the key', async () => {
  const fake = await startFake({ apiKey: KEY });
  await generate(createRemoteEngine({ baseUrl: fake.url, apiKey: KEY }), 'a </think> b', greedily(3));
  expect(fake.requests.length).toBeGreaterThan(3);
  expect(new Set(fake.requests.map(({ headers }) => headers.authorization))).toEqual(new Set([`Bearer ${KEY}`]));
});

test('without a key no request has an authorization header', async () => {
  const fake = await startFake();
  await generate(createRemoteEngine({ baseUrl: fake.url }), 'a </think> b', greedily(3));
  for (const { headers } of fake.requests) expect(headers).not.toHaveProperty('authorization');
});

test('a request contains only headers that describe the request and thinkmeter', async () => {
  const fake = await startFake();
  await generate(createRemoteEngine({ baseUrl: fake.url }), 'x', greedily(3));
  const ours = ['accept', 'content-type', 'user-agent'];
  const ofHttp = ['accept-encoding', 'accept-language', 'connection', 'content-length', 'host', 'sec-fetch-mode'];
  const names = new Set(fake.requests.flatMap(({ headers }) => Object.keys(headers)));
  expect([...names].filter((name) => !ofHttp.includes(name)).toSorted()).toEqual(ours);
  for (const { headers } of fake.requests) expect(headers['user-agent']).toMatch(/^thinkmeter\/\d/);
});

test.each([
  { name: 'a wrong key', apiKey: 'open-up', says: 'refused the key (401)' },
  { name: 'no key', apiKey: undefined, says: 'requires a key (401)' },
])('$name is an error with THINKMETER_API_KEY in its hint', async ({ apiKey, says }) => {
  const { url } = await startFake({ apiKey: KEY });
  const engine = createRemoteEngine({ baseUrl: url, ...(apiKey === undefined ? {} : { apiKey }) });
  const error = await failureOf(factsOf(engine));
  expect(error).toMatchObject({ code: 'ENGINE_HTTP', status: 401 });
  expect(toSentence(error)).toContain(`The server at ${url} ${says}`);
  expect(toSentence(error)).toContain('THINKMETER_API_KEY');
  expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('open-up');
});

test.each([
  { name: 'in its message', body: { error: { message: `no rights for ${KEY} here` } } },
  { name: 'in another field', body: { detail: `no rights for ${KEY}` } },
  { name: 'in a page', body: `<html>${KEY}</html>` },
  { name: 'at the end of the excerpt', body: { error: { message: `${'x'.repeat(195)}${KEY}` } } },
])('a key that the server repeats $name is not in the error', async ({ body }) => {
  const road = await startRoad((await startFake()).url, { detour: () => ({ status: 400, body }) });
  const error = await failureOf(factsOf(createRemoteEngine({ baseUrl: road.url, apiKey: KEY })));
  expect(toSentence(error)).not.toContain(KEY.slice(0, 6));
  expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(KEY);
});

test('a server that cannot be reached is named without the key', async () => {
  const error = await failureOf(factsOf(createRemoteEngine({ baseUrl: 'http://127.0.0.1:1', apiKey: KEY })));
  expect(inspect(error, { depth: 20, showHidden: true })).not.toContain(KEY);
});

test('a redirect to another address does not take the key along', async () => {
  const elsewhere = await startFake();
  const road = await startRoad((await startFake()).url, {
    detour: ({ path }) => ({ status: 307, headers: { location: elsewhere.url + path }, body: '' }),
  });
  await factsOf(createRemoteEngine({ baseUrl: road.url, apiKey: KEY })).catch(() => undefined);
  expect(road.passed.length).toBeGreaterThan(0);
  expect(elsewhere.requests.map(({ headers }) => headers.authorization ?? '')).not.toContain(`Bearer ${KEY}`);
});

/** What the HTTP library reads by itself, each with a value that a request would betray. */
const VARIABLES = {
  OPENAI_API_KEY: 'foreign-secret',
  OPENAI_ADMIN_KEY: 'foreign-secret',
  OPENAI_BASE_URL: 'http://127.0.0.1:1/v1',
  OPENAI_ORG_ID: 'foreign-secret',
  OPENAI_PROJECT_ID: 'foreign-secret',
  OPENAI_WEBHOOK_SECRET: 'foreign-secret',
  OPENAI_LOG: 'debug',
  // once its lines were added to every request, over our own
  OPENAI_CUSTOM_HEADERS: 'x-gateway-key: foreign-secret\nAuthorization: Bearer foreign-secret',
};

async function headersWith(variables: Readonly<Record<string, string>>): Promise<string> {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  const fake = await startFake();
  const engine = createRemoteEngine({ baseUrl: fake.url });
  await promptOf(engine, 'x');
  return JSON.stringify(fake.requests.map(({ headers }) => headers));
}

test.each(Object.entries(VARIABLES))('%s has no influence', async (name, value) => {
  const headers = await headersWith({ [name]: value });
  expect(headers).not.toContain(value);
  expect(headers).not.toMatch(/foreign-secret|authorization/i);
});

test("a key of one's own is not replaced by the HTTP library's", async () => {
  for (const [name, value] of Object.entries(VARIABLES)) vi.stubEnv(name, value);
  const fake = await startFake({ apiKey: KEY });
  await generate(createRemoteEngine({ baseUrl: fake.url, apiKey: KEY }), 'x', greedily(3));
  expect(new Set(fake.requests.map(({ headers }) => headers.authorization))).toEqual(new Set([`Bearer ${KEY}`]));
});
