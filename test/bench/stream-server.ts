/**
 * The streams of the fake vLLM in one of two shapes: `stream-server.ts SHAPE TOKENS`. Prints its address. A stream is
 * generated once and then replayed, so that the server is faster than its clients. Other requests go to the fake.
 *
 * coalesced: many events in each socket write, as fast as the client reads. Each event is an HTTP chunk, as in vLLM.
 * apart: one event in each socket write, about 1 ms apart.
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { thinks } from '../support/fake-vllm/scripts.ts';
import { startFakeVllm } from '../support/fake-vllm/server.ts';
import { listening } from '../support/listening.ts';
import { ANSWER, thinkingOf } from './model-text.ts';

type Shape = { readonly eventsPerWrite: number; readonly pause: () => Promise<void> };

const SHAPES: Readonly<Record<string, Shape>> = {
  coalesced: { eventsPerWrite: 32, pause: () => nextTurn() },
  apart: { eventsPerWrite: 1, pause: () => sleep(1) },
};
const EVENT_STREAM = 'text/event-stream; charset=utf-8';

const [name = '', tokens] = process.argv.slice(2);
const shape = SHAPES[name];
if (shape === undefined) throw new Error(`SHAPE is one of ${Object.keys(SHAPES).join(', ')}, not ${name}`);

// `burst` hands over the whole stream at once; the shape is made here
const script = thinks(thinkingOf(Number(tokens)), ANSWER);
const fake = await startFakeVllm({ window: 65_536, script, misbehave: { burst: true } });
/** by request body */
const recorded = new Map<string, readonly string[]>();

async function answer(request: IncomingMessage, response: ServerResponse, { eventsPerWrite, pause }: Shape) {
  const body = await text(request);
  const events = recorded.get(body) ?? (await forward(request.url ?? '/', body, response));
  if (events === undefined) return;
  recorded.set(body, events);
  response.writeHead(200, { 'content-type': EVENT_STREAM });
  for (let from = 0; from < events.length && !response.destroyed; from += eventsPerWrite) {
    // node merges all that is written in one turn of the event loop into one socket write
    for (const event of events.slice(from, from + eventsPerWrite)) response.write(event);
    // oxlint-disable-next-line no-await-in-loop -- one write after the other
    await (response.writableNeedDrain ? Promise.race([once(response, 'drain'), once(response, 'close')]) : pause());
  }
  response.end();
}

/** The events, if the fake answers with a stream; any other answer is passed on. */
async function forward(path: string, body: string, response: ServerResponse): Promise<string[] | undefined> {
  const init = body === '' ? {} : { method: 'POST', headers: { 'content-type': 'application/json' }, body };
  const answered = await fetch(`${fake.url}${path}`, init);
  const type = answered.headers.get('content-type') ?? '';
  const content = await answered.text();
  if (type === EVENT_STREAM) return content.match(/.+\n\n/g) ?? [];
  response.writeHead(answered.status, { 'content-type': type }).end(content);
  return undefined;
}

const server = await listening((request, response) => void answer(request, response, shape));
process.stdout.write(`${server.url}\n`);
