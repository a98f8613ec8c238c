/** What a line of stdin is: a message, a batch, or an error that its sender is told. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RAW_ARGUMENTS, readLine } from '../../src/mcp/incoming.ts';
import { Lines } from '../../src/mcp/lines.ts';

const call = (params: unknown, id: unknown = 1): string =>
  JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params });

describe('null is absent', () => {
  /** `params`: chaitin/MonkeyCode#1268. The SDK drops a request with `progressToken: null` without a reply. */
  const rows = [
    { name: 'params', params: null, read: undefined },
    { name: 'a cursor', params: { cursor: null }, read: {} },
    { name: '_meta', params: { name: 'x', _meta: null }, read: { name: 'x' } },
    { name: 'a progress token', params: { name: 'x', _meta: { progressToken: null } }, read: { name: 'x', _meta: {} } },
    { name: 'the arguments', params: { name: 'x', arguments: null }, read: { name: 'x' } },
  ];

  test.each(rows)('for $name', ({ params, read }) => {
    expect(readLine(call(params))).toMatchObject({ kind: 'message', message: { id: 1, method: 'tools/call' } });
    const { message } = readLine(call(params)) as { message: { params?: unknown } };
    expect(message.params).toEqual(read);
  });

  test('but not inside the arguments of a tool, which reads them itself', () => {
    const params = { name: 'x', arguments: { context: null, items: [null] } };
    expect(readLine(call(params))).toMatchObject({ message: { params } });
  });
});

test('arguments of any other kind reach the tool, and keep the progress token', () => {
  const other = fc.oneof(
    fc.array(fc.jsonValue()),
    fc.string(),
    fc.double({ noNaN: true }).map((n) => n + 0),
    fc.boolean(),
  );
  fc.assert(
    fc.property(other, (args) => {
      const read = readLine(call({ name: 'x', arguments: args, _meta: { progressToken: 7 } }));
      const sent: unknown = JSON.parse(JSON.stringify(args));
      const wanted = sent === null ? { progressToken: 7 } : { progressToken: 7, [RAW_ARGUMENTS]: sent };
      expect(read).toMatchObject({ kind: 'message', message: { params: { _meta: wanted } } });
    }),
  );
});

describe('what is no message', () => {
  const rows = [
    { line: 'hello', code: -32_700, id: null },
    { line: '{"jsonrpc": "2.0", "id": 1, "method"', code: -32_700, id: null },
    { line: 'Content-Length: 120', code: -32_700, id: null },
    { line: '{\0"\0j\0"\0', code: -32_700, id: null },
    { line: '5', code: -32_600, id: null },
    { line: 'null', code: -32_600, id: null },
    { line: '[]', code: -32_600, id: null },
    { line: '{"jsonrpc": "2.0"}', code: -32_600, id: null },
    { line: '{"jsonrpc": "2.0", "id": 9}', code: -32_600, id: 9 },
    { line: '{"id": 9, "method": "ping"}', code: -32_600, id: 9 },
    { line: '{"jsonrpc": "1.0", "id": "a", "method": "ping"}', code: -32_600, id: 'a' },
    { line: '{"jsonrpc": "2.0", "id": 9, "method": "ping", "params": []}', code: -32_600, id: 9 },
    { line: '{"jsonrpc": "2.0", "id": 9, "method": 5}', code: -32_600, id: 9 },
    { line: '{"jsonrpc": "2.0", "id": null, "method": "ping"}', code: -32_600, id: null },
    { line: '{"jsonrpc": "2.0", "id": {}, "method": "ping"}', code: -32_600, id: null },
  ];

  test.each(rows)('$line is answered with $code', ({ line, code, id }) => {
    expect(readLine(line)).toMatchObject({ kind: 'invalid', reply: { jsonrpc: '2.0', id, error: { code } } });
  });

  /** The sender of a notification or a response waits for nothing. */
  const silent = [
    '{"jsonrpc": "2.0", "method": "notifications/cancelled", "params": 5}',
    '{"jsonrpc": "2.0", "id": {}, "result": {}}',
    '{"jsonrpc": "2.0", "error": 5}',
  ];

  test.each(silent)('%s gets no reply', (line) => {
    expect(readLine(line)).toEqual({ kind: 'invalid', why: expect.any(String) as string });
  });
});

test('whatever JSON comes: an object with a method and an id is delivered or answered with this id', () => {
  const id = fc.oneof(fc.integer(), fc.string());
  const request = fc.record(
    {
      jsonrpc: fc.constantFrom('2.0', '1.0', 2),
      id,
      method: fc.oneof(fc.string(), fc.jsonValue()),
      params: fc.jsonValue(),
    },
    { requiredKeys: ['id', 'method'] },
  );
  fc.assert(
    fc.property(request, (given) => {
      const read = readLine(JSON.stringify(given));
      const answered =
        read.kind === 'message' ? (read.message as { id?: unknown }).id : read.kind === 'invalid' && read.reply?.id;
      expect(answered).toBe(given.id);
    }),
  );
});

test('whatever a line is, reading it does not throw, and what it says is one line', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (line) => {
      const read = readLine(line);
      expect(read.kind === 'invalid' ? read.why : '').not.toMatch(/\n/);
    }),
  );
});

describe('lines', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 20 }).map((line) => line.replaceAll(/[\n\r]/g, ' '));
  const lineEnd = fc.constantFrom('\n', '\r\n', '\n\n', '\n\uFEFF');

  test('are the same however the bytes are cut, with or without a mark, CR LF, blank lines and a last line end', () => {
    const stream = fc.record({
      lines: fc.array(fc.tuple(text, lineEnd)),
      last: text,
      cuts: fc.array(fc.nat(200)),
      mark: fc.constantFrom('', '\uFEFF'),
    });
    fc.assert(
      fc.property(stream, ({ lines, last, cuts, mark }) => {
        const bytes = Buffer.from(mark + lines.flat().join('') + last);
        const places = [...new Set([0, ...cuts, bytes.length])]
          .filter((at) => at <= bytes.length)
          .toSorted((a, b) => a - b);
        const reader = new Lines(1000);
        const pieces = places.map((at, index) => bytes.subarray(at, places[index + 1] ?? at));
        const read = [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()];
        expect(read).toEqual(
          [...lines.map(([line]) => line), last].map((line) => line.trim()).filter((line) => line !== ''),
        );
      }),
    );
  });

  test('may be as long as the limit, not longer, in one piece or in many', () => {
    const [fits, tooLong] = ['x'.repeat(10), 'x'.repeat(11)];
    expect(new Lines(10).push(Buffer.from(`${fits}\n${fits}\n`))).toEqual([fits, fits]);
    expect(() => new Lines(10).push(Buffer.from(tooLong))).toThrow('longer than 10 bytes');
    const reader = new Lines(10);
    reader.push(Buffer.from(fits));
    expect(() => reader.push(Buffer.from('x'))).toThrow(RangeError);
  });
});
