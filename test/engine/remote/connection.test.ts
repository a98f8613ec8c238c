/** The way to a server: its address and key as they were set, made once, and again where that may help. */
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

test('what is no address is told before anything is connected', () => {
  expect(() => createConnector({ baseUrl: 'gpu-box' })).toThrow(ConfigError);
});

test('an address that was set is taken as it is, and the key goes there', async () => {
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

test('an address that was set is kept, whether or not anybody is there: nobody is looked for', async () => {
  const found: string[] = [];
  const connector = open({ baseUrl: 'http://127.0.0.1:1', onFound: (sentence) => found.push(sentence) });
  const { discovered, address } = await connector.connect();
  expect({ discovered, root: address.root, found }).toEqual({
    discovered: undefined,
    root: 'http://127.0.0.1:1',
    found: [],
  });
});

test('it is made once, however many calls come', async () => {
  const connector = open({ baseUrl: 'http://127.0.0.1:1' });
  const [a, b] = await Promise.all([connector.connect(), connector.connect()]);
  connector.forget();
  expect(b).toBe(a);
  expect(await connector.connect()).toBe(a);
});

test('where nothing was set it is made anew once it was forgotten', async () => {
  const connector = open({});
  const first = await connector.connect();
  expect(await connector.connect()).toBe(first);
  connector.forget();
  expect(await connector.connect()).not.toBe(first);
});

test('a tokenizer that cannot be read is an error of every call until it is put right', async () => {
  const connector = open({ baseUrl: 'http://127.0.0.1:1', tokenizer: '/nowhere' });
  expect(await failure(connector.connect())).toBeInstanceOf(ConfigError);
  expect(await failure(connector.connect())).toBeInstanceOf(ConfigError);
});

test('a folder with a tokenizer is read with the connection', async () => {
  const { local } = await open({ baseUrl: 'http://127.0.0.1:1', tokenizer: 'models/thinkmeter-demo' }).connect();
  expect(local?.count('12')).toBeGreaterThan(0);
});

test('what was never connected is closed without a word', async () => {
  await expect(createConnector({ baseUrl: 'http://127.0.0.1:1' }).close()).resolves.toBeUndefined();
});

// it is rejected with the ConfigError that the calls have been told already
test('closing while a connection fails is no error of its own', async () => {
  const connector = createConnector({ baseUrl: 'http://127.0.0.1:1', tokenizer: '/nowhere' });
  const connecting = failure(connector.connect());
  const closing = connector.close();
  await connecting;
  await expect(closing).resolves.toBeUndefined();
});
