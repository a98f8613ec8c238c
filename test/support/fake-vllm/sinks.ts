/** The two ways a completion is answered: event by event, or whole. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ServerResponse } from 'node:http';
import { errorBody, sendError, type ApiError } from './answers.ts';
import { chunk, usageChunk, wholeCompletion, type Delta, type Shape } from './completion-shapes.ts';

export type Sink = {
  /** the headers, at once */
  start(): void;
  send(delta: Delta): void;
  /** something that is no JSON, in the place of a chunk */
  garbage(): void;
  fail(error: ApiError): void;
  end(options: { readonly truncated: boolean }): void;
  /** breaks the connection, after what was sent has left */
  breakOff(): Promise<void>;
};

const notJson = '{"id":"cmpl-';

export function streamSink(response: ServerResponse, shape: Shape, onSent: (tokens: number) => void): Sink {
  let first = true;
  let generated = 0;
  const event = (data: string): void => {
    response.write(`data: ${data}\n\n`);
  };
  return {
    start: () => {
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
      response.flushHeaders();
    },
    send: (delta) => {
      generated += delta.ids.length;
      event(JSON.stringify(chunk(shape, delta, { first, generated })));
      first = false;
      onSent(delta.ids.length);
    },
    garbage: () => event(notJson),
    fail: (error) => {
      event(JSON.stringify(errorBody(error)));
      event('[DONE]');
      response.end();
    },
    end: ({ truncated }) => {
      if (!truncated) {
        if (shape.request.includeUsage) event(JSON.stringify(usageChunk(shape, generated)));
        event('[DONE]');
      }
      response.end();
    },
    breakOff: async () => {
      // node writes a chunk in the next turn of the loop, not at once
      await nextTurn();
      response.destroy();
    },
  };
}

/** Nothing leaves before the end, so every failure comes in the place of the answer. */
export function bodySink(response: ServerResponse, shape: Shape, onSent: (tokens: number) => void): Sink {
  let whole: Delta = { ids: [], text: '', finish: undefined };
  let spoilt = false;
  return {
    start: () => undefined,
    send: (delta) => {
      whole = { ids: [...whole.ids, ...delta.ids], text: whole.text + delta.text, finish: delta.finish };
    },
    garbage: () => {
      spoilt = true;
    },
    fail: (error) => sendError(response, error),
    end: () => {
      const text = spoilt ? notJson : JSON.stringify(wholeCompletion(shape, whole));
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
      response.end(text);
      onSent(whole.ids.length);
    },
    breakOff: async () => {
      await nextTurn();
      response.destroy();
    },
  };
}
