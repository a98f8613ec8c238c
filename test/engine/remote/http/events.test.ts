/** Reading server-sent events from packets of any size. */
import { setTimeout as sleep } from 'node:timers/promises';
import * as fc from 'fast-check';
import { APIError } from 'openai';
import { expect, test } from 'vitest';
import { EventReader } from '../../../../src/engine/remote/http/events.ts';
import { IN_SECONDS } from '../../../support/in-seconds.ts';

/** The JSON of each event, one after the other. */
async function* events(response: Response): AsyncGenerator {
  const reader = new EventReader(response);
  try {
    for (let texts = await reader.next(); texts !== undefined; texts = await reader.next()) {
      for (const text of texts) yield reader.parse(text);
    }
  } finally {
    await reader.close();
  }
}

type Body = { readonly response: Response; readonly isCancelled: () => boolean };

/** A packet each; `open`: the body goes on behind them. */
function bodyOf(packets: readonly Uint8Array[], open = false): Body {
  let cancelled = false;
  const left = [...packets];
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      const packet = left.shift();
      if (packet !== undefined) controller.enqueue(packet);
      else if (!open) controller.close();
    },
    cancel: () => void (cancelled = true),
  });
  return { response: new Response(stream), isCancelled: () => cancelled };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

async function all(response: Response): Promise<unknown[]> {
  const chunks: unknown[] = [];
  for await (const chunk of events(response)) chunks.push(chunk);
  return chunks;
}

const readAll = (...packets: readonly string[]): Promise<unknown[]> =>
  all(bodyOf(packets.map((packet) => bytes(packet))).response);

test.each([
  { name: 'line feeds', text: 'data: {"a":1}\n\ndata: {"a":2}\n\n' },
  { name: 'carriage returns as well', text: 'data: {"a":1}\r\n\r\ndata: {"a":2}\r\n\r\n' },
  { name: 'without the space', text: 'data:{"a":1}\n\ndata:{"a":2}\n\n' },
  {
    name: 'comments and other fields between',
    text: ': hello\n\nevent: x\nid: 7\ndata: {"a":1}\n\n: hi\ndata: {"a":2}\n\n',
  },
  { name: 'one of two lines', text: 'data: {"a":\ndata: 1}\n\ndata: {"a":2}\n\n' },
  { name: 'the last without a blank line', text: 'data: {"a":1}\n\ndata: {"a":2}' },
  { name: '[DONE] at the end', text: 'data: {"a":1}\n\ndata: {"a":2}\n\ndata: [DONE]\n\n' },
  { name: 'something behind [DONE]', text: 'data: {"a":1}\n\ndata: {"a":2}\n\ndata: [DONE]\n\ndata: {"a":3}\n\n' },
])('events are read: $name', async ({ text }) => {
  expect(await readAll(text)).toEqual([{ a: 1 }, { a: 2 }]);
});

test('packets may end anywhere, even within a character, without changing the events', async () => {
  const said = ['so 🙂', '안녕 👨‍👩‍👧', 'é\n"x"'];
  const whole = bytes(said.map((text) => `data: ${JSON.stringify({ text })}\n\n`).join(''));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(whole.length)), async (cuts) => {
      const edges = [0, ...cuts.toSorted((a, b) => a - b), whole.length];
      const packets = edges.slice(1).map((edge, index) => whole.slice(edges[index], edge));
      expect(await all(bodyOf(packets.filter(({ length }) => length > 0)).response)).toEqual(
        said.map((text) => ({ text })),
      );
    }),
  );
});

test('an empty body contains no events', async () => {
  expect(await readAll()).toEqual([]);
  expect(await all(new Response(null))).toEqual([]);
});

test('an error event throws an APIError after the events before it', async () => {
  const { response } = bodyOf([bytes('data: {"a":1}\n\n'), bytes('data: {"error":{"message":"no","code":500}}\n\n')]);
  const reading = events(response);
  expect(await reading.next()).toMatchObject({ value: { a: 1 } });
  const error: unknown = await reading.next().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(APIError);
  expect(error).toMatchObject({ error: { message: 'no', code: 500 } });
});

test('an event that is not JSON is an error', async () => {
  await expect(readAll('data: {"a":\n\n')).rejects.toThrow(SyntaxError);
});

test('a reader that stops early closes the connection', async () => {
  const { response, isCancelled } = bodyOf([bytes('data: {"a":1}\n\n')], true);
  // oxlint-disable-next-line no-unreachable-loop -- that is what is tested
  for await (const _ of events(response)) break;
  expect(isCancelled()).toBe(true);
});

test('after [DONE] the reader waits for the end of the body, but only briefly', IN_SECONDS, async () => {
  const { response, isCancelled } = bodyOf([bytes('data: {"a":1}\n\ndata: [DONE]\n\n')], true);
  const startedAt = performance.now();
  expect(await all(response)).toEqual([{ a: 1 }]);
  expect(performance.now() - startedAt).toBeLessThan(1000);
  expect(isCancelled()).toBe(true);
});

test('an error of the body is an error of the reader', async () => {
  const stream = new ReadableStream<Uint8Array>({
    start: async (controller) => {
      controller.enqueue(bytes('data: {"a":1}\n\n'));
      await sleep(20);
      controller.error(new TypeError('terminated'));
    },
  });
  const reading = events(new Response(stream));
  expect(await reading.next()).toMatchObject({ value: { a: 1 } });
  await expect(reading.next()).rejects.toThrow('terminated');
});
