import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseAddress, sendsKeyInClear } from '../../../../src/engine/remote/http/address.ts';
import { ConfigError } from '../../../../src/errors.ts';

test.each([
  'http://localhost:8000/v1',
  'http://localhost:8000/v1/',
  'http://localhost:8000/v1//',
  'http://localhost:8000/v1/models',
  // lidge-jun/opencodex#1582, harry0703/MoneyPrinterTurbo#57: the endpoint of a curl command
  'http://localhost:8000/v1/chat/completions',
  'http://localhost:8000/v1/chat/completions/',
  'http://localhost:8000/v1/completions',
  'http://localhost:8000/v1/health',
])('%s ends in an API or in one of its endpoints, so the place of the API is certain', (given) => {
  expect(parseAddress(given)).toEqual({ root: 'http://localhost:8000', api: 'http://localhost:8000/v1' });
});

test.each([
  { given: 'http://localhost:8000', root: 'http://localhost:8000' },
  { given: 'http://localhost:8000/', root: 'http://localhost:8000' },
  { given: 'http://localhost:8000/docs', root: 'http://localhost:8000' },
  { given: 'http://localhost:8000/docs#/default/show_models', root: 'http://localhost:8000' },
  { given: 'http://localhost:8000/openapi.json', root: 'http://localhost:8000' },
  { given: 'http://localhost:8000/tokenize', root: 'http://localhost:8000' },
  { given: 'http://localhost:11434/api/chat', root: 'http://localhost:11434' },
  { given: 'http://[::1]:8000', root: 'http://[::1]:8000' },
  { given: 'https://gpu.example/vllm', root: 'https://gpu.example/vllm' },
  { given: 'https://gpu.example/v1beta', root: 'https://gpu.example/v1beta' },
  { given: 'https://api.deepinfra.com/v1/openai', root: 'https://api.deepinfra.com/v1/openai' },
])('below $given the API may be in two places, /v1 first', ({ given, root }) => {
  expect(parseAddress(given)).toEqual({ root, api: `${root}/v1`, otherApi: root });
});

test.each([
  { given: 'https://api.deepinfra.com/v1/openai/chat/completions', root: 'https://api.deepinfra.com/v1/openai' },
  { given: 'https://api.z.ai/api/paas/v4/chat/completions', root: 'https://api.z.ai/api/paas/v4' },
  { given: 'https://gpu.example/serving-endpoints/completions', root: 'https://gpu.example/serving-endpoints' },
])('before the endpoint of $given the API itself comes first', ({ given, root }) => {
  expect(parseAddress(given)).toEqual({ root, api: root, otherApi: `${root}/v1` });
});

test('an endpoint behind any address of an API does not change the address', () => {
  const origin = fc.constantFrom('http://127.0.0.1:8000', 'https://gpu.example');
  const below = fc.array(fc.constantFrom('a', 'vllm', 'team-1'), { maxLength: 3 });
  const endpoint = fc.constantFrom('', '/', '/models', '/completions', '/chat/completions', '/chat/completions//');
  fc.assert(
    fc.property(origin, below, endpoint, (start, parts, end) => {
      const root = [start, ...parts].join('/');
      expect(parseAddress(`${root}/v1${end}`)).toEqual({ root, api: `${root}/v1` });
    }),
  );
});

test.each(['http://gpu.example/v1?api-version=2024', 'https://gpu.example/openai?key=hunter2'])(
  'a query in the address is refused, and not repeated: %s',
  (given) => {
    const parsed = (): unknown => parseAddress(given);
    expect(parsed).toThrow(ConfigError);
    expect(parsed).toThrow(/query/);
    expect(parsed).toThrow(expect.objectContaining({ message: expect.not.stringMatching(/hunter2|2024/) as unknown }));
  },
);

test.each([
  { given: 'localhost:8000', says: 'http:// or https://' },
  { given: 'ftp://localhost/v1', says: 'ftp:' },
  { given: 'not an address', says: 'not an address' },
  { given: '/v1', says: '/v1' },
])('$given is refused, with an example of what would do', ({ given, says }) => {
  const parsed = (): unknown => parseAddress(given);
  expect(parsed).toThrow(ConfigError);
  expect(parsed).toThrow(says);
  expect(parsed).toThrow(expect.objectContaining({ hint: expect.stringContaining('http://HOST:PORT/v1') }));
});

test.each(['http://me:hunter2@gpu.example/v1', 'http://hunter2@gpu.example', 'http://me:hunter2@:99999/'])(
  'a password in the address is refused, and not repeated: %s',
  (given) => {
    const parsed = (): unknown => parseAddress(given);
    expect(parsed).toThrow(ConfigError);
    expect(parsed).toThrow(expect.objectContaining({ message: expect.not.stringContaining('hunter2') }));
  },
);

test.each([
  { given: 'http://localhost:8000/v1', clear: false },
  { given: 'http://127.0.0.1:8000', clear: false },
  { given: 'http://127.1.2.3', clear: false },
  { given: 'http://[::1]:8000', clear: false },
  { given: 'https://gpu.example/v1', clear: false },
  { given: 'http://gpu.example/v1', clear: true },
  { given: 'http://192.168.1.5:8000', clear: true },
  { given: 'http://localhost.example', clear: true },
  { given: 'http://127.0.0.1.example', clear: true },
])('a key to $given crosses a network readably: $clear', ({ given, clear }) => {
  expect(sendsKeyInClear(given)).toBe(clear);
});
