/** The server's own words, in every shape that servers send them, in one line. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { clipped } from '../../../../src/clipped.ts';
import { isPage, saysNothing, wordsOf } from '../../../../src/engine/remote/http/words.ts';

test.each([
  { name: "OpenAI's and vLLM's", body: { error: { message: 'no', type: 'x', code: 400 } } },
  { name: "SGLang's", body: { object: 'error', message: 'no', type: 'x', code: 400 } },
  { name: "FastAPI's", body: { detail: 'no' } },
  { name: 'a list', body: { detail: [{ msg: 'no' }] } },
  { name: 'an object in detail', body: { detail: { error: 'no' } } },
  { name: "Ollama's", body: { error: 'no' } },
  { name: 'problem details', body: { title: 'Bad', status: 400, detail: 'no' } },
  { name: 'only a title', body: { title: 'no' } },
  { name: 'errors as texts', body: { errors: ['no'] } },
  { name: "Cloudflare's", body: { success: false, errors: [{ code: 1, message: 'no' }] } },
  { name: "Gemini's list", body: [{ error: { message: 'no', status: 'X' } }] },
  { name: "z.ai's", body: { code: 500, msg: 'no', success: false } },
  { name: 'a text', body: '  no\r\n' },
  { name: 'a page', body: '<!DOCTYPE html><html><head><title> no </title></head><body>x</body></html>' },
  { name: 'a page without a title', body: '<html><style>a{}</style><body><script>x()</script><p>no</p></body></html>' },
])('words are found: $name', ({ body }) => {
  expect(wordsOf(body)).toBe('no');
});

test('several problems and their fields are all named', () => {
  const detail = [
    { loc: ['body', 'max_tokens'], msg: 'too large' },
    { loc: ['body', 0], msg: 'no text' },
  ];
  expect(wordsOf({ detail })).toBe('body.max_tokens: too large; body.0: no text');
});

test("OpenRouter's provider is quoted", () => {
  expect(wordsOf({ error: { message: 'Provider returned error', metadata: { raw: 'rate limit' } } })).toBe(
    'Provider returned error (rate limit)',
  );
});

test.each([undefined, null, '', {}, [], 7, { error: {} }, { message: 7 }, { detail: [] }])(
  '%j has no words',
  (body) => {
    expect(wordsOf(body)).toBeUndefined();
  },
);

test('any body gives one line without control characters, or nothing', () => {
  const body = fc.oneof(
    fc.json().map((text) => JSON.parse(text) as unknown),
    fc.string({ unit: 'binary' }),
  );
  fc.assert(
    fc.property(fc.oneof(body, fc.record({ error: body }), fc.record({ detail: body, message: body })), (value) => {
      const words = wordsOf(value);
      if (words === undefined) return;
      expect(words).not.toBe('');
      // oxlint-disable-next-line no-control-regex -- these must not reach a terminal
      expect(words).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      expect(clipped(words, 200).length).toBeLessThanOrEqual(201);
    }),
  );
});

test('a clip never ends within a character', () => {
  expect(clipped(`${'x'.repeat(199)}🙂🙂`, 200)).toBe(`${'x'.repeat(199)}…`);
});

test.each([
  'Not Found',
  '404 page not found',
  'File Not Found',
  '404 Not Found',
  'Cannot POST /v1/completions',
  'Unauthorized',
])('"%s" says nothing', (words) => expect(saysNothing(words)).toBe(true));

test.each(['model not found', 'The model `x` does not exist.', 'tenant not found: blue', 'Not found for account y'])(
  '"%s" says something',
  (words) => expect(saysNothing(words)).toBe(false),
);

test.each([
  { body: '<!doctype HTML><p>', is: true },
  { body: '\n<html>', is: true },
  { body: '<!-- nginx --><html>', is: true },
  { body: 'a < b', is: false },
  { body: '<think>x', is: false },
  { body: { html: 1 }, is: false },
])('$body is a web page: $is', ({ body, is }) => {
  expect(isPage(body)).toBe(is);
});
