/** Which requests use a proxy, and how: as curl does, except that this machine is never behind one. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { readProxies } from '../../../../src/config/proxies.ts';
import { createFetch } from '../../../../src/engine/remote/http/agent.ts';
import { createRemoteEngine } from '../../../../src/engine/remote/engine.ts';
import { proxyFor } from '../../../../src/engine/remote/http/proxies.ts';
import { ConfigError } from '../../../../src/errors.ts';
import { startForwardProxy } from '../../../support/forward-proxy.ts';
import { startFake } from '../../../support/road.ts';
import { failure, generate, greedily } from '../../reading.ts';

const proxyOf = (url: string, env: Readonly<Record<string, string>>): string | undefined =>
  proxyFor(new URL(url), readProxies(env))?.address;

const BOTH = { HTTP_PROXY: 'http://plain:1', HTTPS_PROXY: 'http://tls:2' };

test.each([
  { url: 'http://gpu/v1', env: BOTH, proxy: 'http://plain:1' },
  { url: 'https://gpu/v1', env: BOTH, proxy: 'http://tls:2' },
  { url: 'https://gpu/v1', env: { HTTP_PROXY: 'http://plain:1' }, proxy: undefined },
  { url: 'https://gpu/v1', env: { ALL_PROXY: 'http://all:3' }, proxy: 'http://all:3' },
  { url: 'http://gpu/v1', env: { ...BOTH, http_proxy: 'http://lower:4' }, proxy: 'http://lower:4' },
  { url: 'http://gpu/v1', env: { HTTP_PROXY: '  ' }, proxy: undefined },
  { url: 'http://gpu/v1', env: { HTTP_PROXY: 'proxy.corp:3128' }, proxy: 'http://proxy.corp:3128' },
  { url: 'https://gpu/v1', env: { https_proxy: 'http://tls:2', ALL_PROXY: 'socks5://all:3' }, proxy: 'http://tls:2' },
])('$url with $env is sent through $proxy', ({ url, env, proxy }) => {
  expect(proxyOf(url, env)).toBe(proxy);
});

test.each(['localhost', 'a.localhost', '127.0.0.1', '127.9.9.9', '0.0.0.0', '[::1]', '[::]'])(
  '%s is this machine, which no proxy leads to',
  (host) => {
    expect(proxyOf(`http://${host}:8000`, BOTH)).toBeUndefined();
    expect(proxyOf(`https://${host}:8000`, BOTH)).toBeUndefined();
  },
);

test.each([
  { none: 'gpu.corp', host: 'gpu.corp', isDirect: true },
  { none: 'GPU.corp', host: 'gpu.CORP', isDirect: true },
  { none: 'corp', host: 'gpu.corp', isDirect: true },
  { none: '.corp', host: 'gpu.corp', isDirect: true },
  { none: '*.corp', host: 'gpu.corp', isDirect: true },
  { none: 'corp.', host: 'gpu.corp', isDirect: true },
  { none: 'corp', host: 'gpucorp', isDirect: false },
  { none: 'a, b c,corp', host: 'corp', isDirect: true },
  { none: '*', host: 'gpu', isDirect: true },
  { none: 'gpu:8000', host: 'gpu:8000', isDirect: true },
  { none: 'gpu:8000', host: 'gpu:8001', isDirect: false },
  { none: 'gpu:443', host: 'gpu', isDirect: true },
  // NVIDIA/NemoClaw#704: networks, which undici's own list does not know
  { none: '10.200.0.0/16', host: '10.200.7.9:8000', isDirect: true },
  { none: '10.200.0.0/16', host: '10.201.7.9:8000', isDirect: false },
  { none: '192.168.1.5/32', host: '192.168.1.5', isDirect: true },
  { none: '0.0.0.0/0', host: '8.8.8.8', isDirect: true },
  { none: '10.0.0.0/8', host: 'ten.example', isDirect: false },
  { none: '10.0.0.0/99', host: '10.0.0.1', isDirect: false },
  { none: '[fd00::5]', host: '[fd00::5]', isDirect: true },
  { none: 'fd00::5', host: '[fd00::5]:8000', isDirect: true },
  { none: '', host: 'gpu', isDirect: false },
  { none: ',', host: 'gpu', isDirect: false },
])('NO_PROXY=$none: $host is reached directly: $isDirect', ({ none, host, isDirect }) => {
  const env = { HTTP_PROXY: 'http://p:1', HTTPS_PROXY: 'http://p:1', NO_PROXY: none };
  expect(proxyOf(`https://${host}/v1`, env) === undefined).toBe(isDirect);
});

function dotted(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

test('an address is in a network if its first bits are the same', () => {
  const number = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  fc.assert(
    fc.property(number, number, fc.integer({ min: 1, max: 32 }), (address, network, bits) => {
      fc.pre(!dotted(address).startsWith('127.') && address !== 0);
      const isSame = (value: number): string => value.toString(2).padStart(32, '0').slice(0, bits);
      const env = { HTTP_PROXY: 'http://p:1', NO_PROXY: `${dotted(network)}/${bits}` };
      expect(proxyOf(`http://${dotted(address)}`, env) === undefined).toBe(isSame(address) === isSame(network));
    }),
  );
});

test.each([
  {
    value: 'socks5://me:hunter2@p:1',
    says: 'HTTPS_PROXY is the address of a socks5:// proxy, which thinkmeter cannot use',
  },
  { value: 'http://me:hunter2@', says: 'HTTPS_PROXY is not the address of a proxy' },
])('$value is refused when it would be used, and not shown', ({ value, says }) => {
  const read = (): unknown => proxyOf('https://gpu', { HTTPS_PROXY: value });
  expect(read).toThrow(ConfigError);
  expect(read).toThrow(says);
  expect(read).not.toThrow('hunter2');
  expect(proxyOf('http://gpu', { HTTPS_PROXY: value })).toBeUndefined();
});

const through = (port: number, userInfo = '') => {
  const value = `http://${userInfo}127.0.0.1:${port}`;
  return { proxies: readProxies({ HTTP_PROXY: value, HTTPS_PROXY: value, NO_PROXY: 'direct.example' }) };
};

// rollbar/rollbar-mcp-server#83, huggingface/hf-mcp-server#140
test('a server behind a proxy answers, and the proxy receives its own password and no other', async () => {
  const fake = await startFake();
  const { port, asked } = await startForwardProxy({ to: fake.url });
  const options = { baseUrl: 'http://gpu.example:8000/v1', apiKey: 'sesame', ...through(port, 'me:p%40ss@') };
  const { ids } = await generate(createRemoteEngine(options), 'x', greedily(3));
  expect(ids).toHaveLength(3);
  expect(asked.map(({ line }) => line)).toContain('POST http://gpu.example:8000/v1/completions');
  const basic = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;
  expect(new Set(asked.map(({ authorization }) => authorization))).toEqual(new Set([basic]));
  expect(fake.requests.every(({ headers }) => headers.authorization === 'Bearer sesame')).toBe(true);
});

test('https is sent through a tunnel to the host and port', async () => {
  const fake = await startFake();
  const { port, asked } = await startForwardProxy({ to: fake.url });
  const error = await failure(
    generate(createRemoteEngine({ baseUrl: 'https://gpu.example/v1', ...through(port) }), 'x', greedily(3)),
  );
  expect(error.message).toContain('does not use TLS');
  expect(asked).toEqual([{ line: 'CONNECT gpu.example:443', authorization: undefined }]);
});

test('this machine and the hosts of NO_PROXY are reached without the proxy', async () => {
  const fake = await startFake();
  const { port, asked } = await startForwardProxy({ status: 403 });
  await generate(createRemoteEngine({ baseUrl: fake.url, ...through(port) }), 'x', greedily(3));
  const direct = createRemoteEngine({ baseUrl: 'http://gpu.direct.example.invalid/v1', ...through(port) });
  await failure(generate(direct, 'x', greedily(3)));
  expect(asked).toHaveLength(1);
  const named = createRemoteEngine({ baseUrl: 'http://gpu.direct.example/v1', ...through(port) });
  expect((await failure(generate(named, 'x', greedily(3)))).message).toMatch(/gpu\.direct\.example/);
  expect(asked).toHaveLength(1);
});

test('other hosts, such as a hub, are reached through the proxy, which is named if it fails', async () => {
  const fake = await startFake();
  const { port, asked } = await startForwardProxy({ to: fake.url });
  const response = await createFetch(through(port).proxies)('http://hub.example/version');
  expect(await response.json()).toHaveProperty('version');
  expect(asked).toHaveLength(1);
  const dead = readProxies({ HTTP_PROXY: 'http://me:hunter2@127.0.0.1:1' });
  const error = await failure(createFetch(dead)('http://hub.example/version'));
  expect(error.message).toBe('the request through the proxy at http://127.0.0.1:1 (HTTP_PROXY) failed');
});
