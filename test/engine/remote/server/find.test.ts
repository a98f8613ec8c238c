/** The server that `thinkmeter init` writes down: at an address, or on this machine. */
import { expect, onTestFinished, test } from 'vitest';
import { findServer } from '../../../../src/engine/remote/server/find.ts';
import { startFakeVllm, type FakeVllmOptions } from '../../../support/fake-vllm/server.ts';
import { startSilent } from '../../../support/silent-server.ts';

async function start(options: FakeVllmOptions = {}) {
  const fake = await startFakeVllm(options);
  onTestFinished(() => fake.close());
  return fake;
}

test('an address with and without /v1 lists the models, and comes back as it was given', async () => {
  const { url } = await start();
  for (const baseUrl of [url, `${url}/`, `${url}/v1`]) {
    // oxlint-disable-next-line no-await-in-loop -- one server, one form after the other
    expect(await findServer(baseUrl, undefined, {})).toEqual({
      baseUrl,
      models: ['thinkmeter-demo'],
      state: 'answers',
    });
  }
});

test('a server with a key refuses without it, and lists its models with it', async () => {
  const { url } = await start({ apiKey: 'sk-1' });
  expect(await findServer(url, undefined, {})).toEqual({ baseUrl: url, models: [], state: 'refused' });
  expect(await findServer(url, 'sk-2', {})).toMatchObject({ state: 'refused' });
  expect(await findServer(url, 'sk-1', {})).toMatchObject({ models: ['thinkmeter-demo'], state: 'answers' });
});

const port = (address: string) => ({ port: Number(new URL(address).port), of: 'vllm' });

test('nobody, and a server that never answers, are silent', async () => {
  const { url } = await startSilent();
  expect(await findServer('http://127.0.0.1:1', undefined, {})).toMatchObject({ models: [], state: 'silent' });
  expect(await findServer(url, undefined, {})).toMatchObject({ models: [], state: 'silent' });
});

test('on this machine, a server is found without the key, because any program may listen there', async () => {
  const { url } = await start();
  const { url: locked } = await start({ apiKey: 'sk-1' });
  expect(await findServer(undefined, 'sk-1', {}, [port(locked), port(url)])).toEqual({
    baseUrl: `${url}/v1`,
    models: ['thinkmeter-demo'],
    state: 'answers',
  });
  expect(await findServer(undefined, 'sk-1', {}, [port(locked)])).toBeUndefined();
});

test('an address that is none is an error', async () => {
  await expect(findServer('ftp://gpu-box', undefined, {})).rejects.toThrow('the base URL must begin with http');
});
