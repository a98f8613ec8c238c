/** Connecting: the configured address and key are used, once per engine, and again after `forget`. */
import { expect, onTestFinished, test } from 'vitest';
import { createConnector, type ConnectionOptions, type Connector } from '../../../src/engine/remote/connection.ts';
import { ConfigError } from '../../../src/errors.ts';
import { failure, forever } from '../reading.ts';
import { startFake } from '../../support/road.ts';

const KEY = 'sk-never-show-this-0123456789';

function open(options: ConnectionOptions): Connector {
  const connector = createConnector(options);
  onTestFinished(() => connector.close().catch(() => undefined));
  return connector;
}

test('an invalid base URL is an error before the first connection', () => {
  expect(() => createConnector({ baseUrl: 'gpu-box' })).toThrow(ConfigError);
});

test('a configured address is used, and its requests contain the key', async () => {
  const fake = await startFake({ apiKey: KEY });
  const { client, address, discovered, local } = await open({ baseUrl: `${fake.url}/v1`, apiKey: KEY }).connect();
  expect({ address, discovered, local }).toEqual({
    address: { root: fake.url, api: `${fake.url}/v1` },
    discovered: undefined,
    local: undefined,
  });
  await client.poll('/v1/models', forever(), 2500);
  expect(fake.requests[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
});

test('with a configured address discovery never runs, even if no server answers', async () => {
  const found: string[] = [];
  const connector = open({ baseUrl: 'http://127.0.0.1:1', onFound: (sentence) => found.push(sentence) });
  const { discovered, address } = await connector.connect();
  expect({ discovered, root: address.root, found }).toEqual({
    discovered: undefined,
    root: 'http://127.0.0.1:1',
    found: [],
  });
});

test('all calls share one connection', async () => {
  const connector = open({ baseUrl: 'http://127.0.0.1:1' });
  const [a, b] = await Promise.all([connector.connect(), connector.connect()]);
  connector.forget();
  expect(b).toBe(a);
  expect(await connector.connect()).toBe(a);
});

test('without a configured address a forgotten connection is made again', async () => {
  const connector = open({});
  const first = await connector.connect();
  expect(await connector.connect()).toBe(first);
  connector.forget();
  expect(await connector.connect()).not.toBe(first);
});

test('an unreadable tokenizer is an error of every call', async () => {
  const connector = open({ baseUrl: 'http://127.0.0.1:1', tokenizer: '/nowhere' });
  expect(await failure(connector.connect())).toBeInstanceOf(ConfigError);
  expect(await failure(connector.connect())).toBeInstanceOf(ConfigError);
});

test('a tokenizer folder is read when connecting', async () => {
  const { local } = await open({ baseUrl: 'http://127.0.0.1:1', tokenizer: 'models/thinkmeter-demo' }).connect();
  expect(local?.count('12')).toBeGreaterThan(0);
});

test('closing without a connection is no error', async () => {
  await expect(createConnector({ baseUrl: 'http://127.0.0.1:1' }).close()).resolves.toBeUndefined();
});

// the calls have already been rejected with the ConfigError
test('closing while a connection fails is no further error', async () => {
  const connector = createConnector({ baseUrl: 'http://127.0.0.1:1', tokenizer: '/nowhere' });
  const connecting = failure(connector.connect());
  const closing = connector.close();
  await connecting;
  await expect(closing).resolves.toBeUndefined();
});
