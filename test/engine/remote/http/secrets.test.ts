/** No message contains a key, a header's value, or a proxy's password. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { hideSecrets, secretsOf } from '../../../../src/engine/remote/http/secrets.ts';

test.each([
  { name: 'the key', text: 'key nvapi-abc!', shown: 'key ***!' },
  { name: 'the key behind Bearer', text: 'Bearer nvapi-abc', shown: 'Bearer ***' },
  { name: 'the value of a header', text: 'id tiger-1', shown: 'id ***' },
  { name: 'Basic, whole', text: 'Basic bWU6aHVudGVyMg==', shown: '***' },
  { name: 'Basic, without its scheme', text: 'x bWU6aHVudGVyMg==', shown: 'x ***' },
  { name: 'user and password', text: 'me:hunter2 is wrong', shown: '*** is wrong' },
  { name: 'the password alone', text: 'hunter2 is wrong', shown: '*** is wrong' },
  { name: 'in a URL', text: 'a%20b%2Fc', shown: '***' },
  { name: 'in JSON', text: String.raw`"q\"q"`, shown: '"***"' },
  { name: 'a short one as a word', text: 'id 7, 17 times', shown: 'id ***, 17 times' },
])('hidden: $name', ({ text, shown }) => {
  const headers = {
    'x-id': 'tiger-1',
    authorization: 'Basic bWU6aHVudGVyMg==',
    'x-a': 'a b/c',
    'x-q': 'q"q',
    'x-n': '7',
  };
  expect(hideSecrets(text, secretsOf({ apiKey: 'nvapi-abc', headers }))).toBe(shown);
});

test('a secret inside any text is hidden', () => {
  // what a header can contain
  const secret = fc.string({
    minLength: 4,
    unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCodePoint(code)),
  });
  fc.assert(
    fc.property(secret, secret, fc.string(), fc.string(), (apiKey, value, before, after) => {
      const secrets = secretsOf({ apiKey, headers: { 'x-key': value } });
      for (const hidden of [apiKey, value]) {
        // the mark itself consists of asterisks
        if (/^\*+$/.test(hidden)) continue;
        const shown = hideSecrets(`${before} ${hidden} ${after}`, secrets);
        expect(shown.replaceAll('***', '')).not.toContain(` ${hidden} `);
      }
    }),
  );
});
