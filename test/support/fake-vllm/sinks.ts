/** The ways an answer leaves: event by event, or whole. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ServerResponse } from 'node:http';
import type { Delta, Format } from './answer-format.ts';
import { errorBody, sendError, type ApiError } from './answers.ts';

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

export type SinkOptions = {
  readonly response: ServerResponse;
  readonly format: Format;
  readonly includeUsage: boolean;
  /** nothing leaves before the end */
  readonly burst: boolean;
  readonly onSent: (tokens: number) => void;
};

const notJson = '{"id":"cmpl-';

export function streamSink({ response, format, includeUsage, burst, onSent }: SinkOptions): Sink {
  const events = eventWriter(response, { burst });
  let first = true;
  let unsent = 0;
  const end = (): void => {
    events.end();
    if (unsent > 0) onSent(unsent);
  };
  return {
    start: () => events.start(),
    send: (delta) => {
      if (first) format.opening().forEach((part) => events.write(JSON.stringify(part)));
      first = false;
      const chunk = format.chunk(delta);
      if (chunk !== undefined) events.write(JSON.stringify(chunk));
      if (burst) unsent += delta.ids.length;
      else onSent(delta.ids.length);
    },
    garbage: () => events.write(notJson),
    fail: (error) => {
      events.write(JSON.stringify(errorBody(error)));
      events.write('[DONE]');
      end();
    },
    end: ({ truncated }) => {
      if (!truncated) {
        if (includeUsage) events.write(JSON.stringify(format.usage()));
        events.write('[DONE]');
      }
      end();
    },
    breakOff: async () => {
      // node writes a chunk in the next turn of the loop, not at once
      await nextTurn();
      response.destroy();
    },
  };
}

/** A stream that fails before its first token: 200 all the same, and the error in its place. */
export function sendFailedStream(response: ServerResponse, error: ApiError): void {
  const events = eventWriter(response, { burst: false });
  events.start();
  events.write(JSON.stringify(errorBody(error)));
  events.write('[DONE]');
  events.end();
}

type EventWriter = { start(): void; write(data: string): void; end(): void };

function eventWriter(response: ServerResponse, { burst }: { readonly burst: boolean }): EventWriter {
  const held: string[] = [];
  const sendHeaders = (): void => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    response.flushHeaders();
  };
  return {
    start: () => {
      if (!burst) sendHeaders();
    },
    write: (data) => {
      const event = `data: ${data}\n\n`;
      if (burst) held.push(event);
      else response.write(event);
    },
    end: () => {
      if (burst) sendHeaders();
      response.end(held.join(''));
    },
  };
}

/** Nothing leaves before the end, so every failure comes in the place of the answer. */
export function bodySink({ response, format, onSent }: SinkOptions): Sink {
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
      const text = spoilt ? notJson : JSON.stringify(format.whole(whole));
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
