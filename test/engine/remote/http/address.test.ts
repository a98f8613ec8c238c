import { expect, test } from 'vitest';
import { parseAddress, sendsKeyInClear } from '../../../../src/engine/remote/http/address.ts';
import { ConfigError } from '../../../../src/errors.ts';

test.each([
  { given: 'http://localhost:8000/v1', root: 'http://localhost:8000' },
  { given: 'http://localhost:8000/v1/', root: 'http://localhost:8000' },
  { given: 'http://localhost:8000/v1//', root: 'http://localhost:8000' },
  { given: 'http://localhost:8000', root: 'http://localhost:8000' },
  { given: 'http://localhost:8000/', root: 'http://localhost:8000' },
  { given: 'https://gpu.example/vllm/v1', root: 'https://gpu.example/vllm' },
  { given: 'https://gpu.example/vllm', root: 'https://gpu.example/vllm' },
  { given: 'https://gpu.example/v1beta', root: 'https://gpu.example/v1beta' },
  { given: 'http://[::1]:8000/v1', root: 'http://[::1]:8000' },
])('$given is the server at $root', ({ given, root }) => {
  expect(parseAddress(given)).toEqual({ root, api: `${root}/v1` });
});

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
