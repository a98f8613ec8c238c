/**
 * The stdio transport of a server. It differs from the SDK's in four points, each for clients that exist:
 * - A line that is no message gets an error. The SDK drops the line, and the client waits until it gives up.
 * - Batches are served if the negotiated revision has them, and refused otherwise (`outgoing.ts`).
 * - The end of stdin does not abort running calls: the owner decides how long they may take (`stdio.ts`).
 * - `idle` resolves when every request is answered and every answer is written.
 */
import { EventEmitter, once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import {
  SUPPORTED_PROTOCOL_VERSIONS,
  type JSONRPCMessage,
  type RequestId,
  type Transport,
} from '@modelcontextprotocol/server';
import type { Log } from '../log.ts';
import { invalid, readLine, type ErrorReply, type Incoming } from './incoming.ts';
import { Lines } from './lines.ts';
import { isBeforeStructured, toOutgoing } from './outgoing.ts';

/** As the SDK's transports. */
const MOST_BYTES = 10 * 1024 * 1024;

/** The range that JSON-RPC leaves to the server begins here. */
const SERVER_ERROR = -32_000;

export type Streams = { readonly stdin: Readable; readonly stdout: Writable };

/** Requests that came in one line; their responses go in one line. */
type Batch = { readonly waiting: Set<RequestId>; readonly responses: object[] };

type Running = { readonly method: string; readonly batch: Batch | undefined };

export class StdioTransport implements Transport {
  onmessage?: NonNullable<Transport['onmessage']>;
  onclose?: () => void;
  onerror?: (error: Error) => void;
  readonly #streams: Streams;
  readonly #log: Log;
  readonly #lines = new Lines(MOST_BYTES);
  readonly #running = new Map<RequestId, Running>();
  readonly #events = new EventEmitter();
  #writing = 0;
  /** negotiated; until then, what the client has requested */
  #revision: string | undefined;
  #requested: string | undefined;
  #fault: Error | undefined;
  #state: 'open' | 'ended' | 'closed' = 'open';

  constructor(streams: Streams, log: Log) {
    this.#streams = streams;
    this.#log = log;
  }

  /** why the connection broke; absent if the client ended it */
  get fault(): Error | undefined {
    return this.#fault;
  }

  start(): Promise<void> {
    const { stdin, stdout } = this.#streams;
    stdin.on('data', this.#hear);
    stdin.on('end', this.#end);
    stdin.on('close', this.#end);
    stdin.on('error', this.#fail);
    stdout.on('error', this.#fail);
    stdout.on('close', this.#hangUp);
    return Promise.resolve();
  }

  readonly #hear = (bytes: Buffer): void => {
    try {
      for (const line of this.#lines.push(bytes)) this.#take(line);
    } catch (error) {
      this.#fail(error as Error);
    }
  };

  readonly #end = (): void => {
    if (this.#state !== 'open') return;
    for (const line of this.#lines.end()) this.#take(line);
    this.#state = 'ended';
    this.#events.emit('ended');
    this.#changed();
  };

  readonly #fail = (error: Error): void => {
    if (this.#state === 'closed') return;
    this.#fault = error;
    this.onerror?.(error);
    this.#hangUp();
  };

  readonly #hangUp = (): void => void this.close();

  /** Resolves when stdin has ended, or the connection is closed. */
  async ended(): Promise<void> {
    if (this.#state === 'open') await once(this.#events, 'ended');
  }

  /** Resolves when no request is unanswered and no answer unwritten, or the connection is closed. */
  async idle(): Promise<void> {
    while (this.#state !== 'closed' && this.#running.size + this.#writing > 0) {
      // oxlint-disable-next-line no-await-in-loop -- one answer after the other
      await once(this.#events, 'changed');
    }
  }

  /** A write of nothing: it fails if stdout is a socket whose reader is gone. On a pipe it shows nothing. */
  probe(): void {
    if (this.#state !== 'closed') this.#streams.stdout.write('');
  }

  /** Answers every request that still runs with an error. */
  giveUp(why: string): void {
    if (this.#running.size > 0) this.#log.warn({ requests: this.#running.size }, why);
    for (const id of this.#running.keys()) {
      this.send({ jsonrpc: '2.0', id, error: { code: SERVER_ERROR, message: why } }).catch(() => undefined);
    }
  }

  #changed(): void {
    this.#events.emit('changed');
  }

  #take(line: string): void {
    const incoming = readLine(line);
    if (incoming.kind !== 'batch') this.#deliver(incoming, undefined);
    else if (isBeforeStructured(this.#revision ?? this.#requested)) this.#takeBatch(incoming.entries);
    else this.#refuseBatch(incoming.entries);
  }

  /** @param batch the batch that the message belongs to */
  #deliver(incoming: Incoming, batch: Batch | undefined): void {
    if (incoming.kind === 'invalid') {
      this.#log.warn({ why: incoming.why }, 'a message on stdin is invalid');
      if (incoming.reply === undefined) return;
      if (batch === undefined) void this.#write(incoming.reply);
      else batch.responses.push(incoming.reply);
      return;
    }
    const { message } = incoming;
    if ('method' in message && message.method === 'initialize') this.#requested = revisionIn(message.params);
    // a subscription is answered when it ends, which may be never
    if ('id' in message && 'method' in message && message.method !== 'subscriptions/listen') {
      this.#running.set(message.id, { method: message.method, batch });
      batch?.waiting.add(message.id);
    }
    this.onmessage?.(message);
    if ('method' in message && message.method === 'notifications/cancelled') {
      // a cancelled request gets no response
      this.#settle((message.params as { requestId?: RequestId } | undefined)?.requestId);
    }
  }

  #takeBatch(entries: readonly Incoming[]): void {
    const batch: Batch = { waiting: new Set(), responses: [] };
    for (const entry of entries) this.#deliver(entry, batch);
    if (batch.waiting.size === 0) this.#writeBatch(batch);
  }

  /** An error for each request, so that none waits; or one without an id, if no id can be read. */
  #refuseBatch(entries: readonly Incoming[]): void {
    const why = 'batches are not part of this protocol revision: send one message per line';
    const ids = entries.flatMap((entry) => (idOf(entry) === undefined ? [] : [idOf(entry) ?? null]));
    for (const id of ids.length === 0 ? [null] : ids) this.#deliver(invalid(id, why), undefined);
  }

  send(message: JSONRPCMessage): Promise<void> {
    if (this.#state === 'closed') return Promise.reject(new Error('the connection to the client is closed'));
    const isResponse = !('method' in message);
    const id = isResponse ? message.id : undefined;
    const running = id === undefined ? undefined : this.#running.get(id);
    if (running?.method === 'initialize' && 'result' in message) {
      this.#revision = String(message.result['protocolVersion']);
    }
    const outgoing = toOutgoing(message, running?.method, this.#revision);
    if (running?.batch === undefined) {
      const written = this.#write(outgoing);
      this.#settle(id);
      return written;
    }
    running.batch.responses.push(outgoing);
    this.#settle(id);
    return Promise.resolve();
  }

  #settle(id: RequestId | undefined): void {
    const running = id === undefined ? undefined : this.#running.get(id);
    if (id === undefined || running === undefined) return;
    this.#running.delete(id);
    const { batch } = running;
    if (batch?.waiting.delete(id) === true && batch.waiting.size === 0) this.#writeBatch(batch);
    this.#changed();
  }

  #writeBatch({ responses }: Batch): void {
    if (responses.length > 0) void this.#write(responses);
  }

  #write(message: object): Promise<void> {
    this.#writing++;
    return new Promise((resolve) => {
      // a failed write is an `error` of the stream
      this.#streams.stdout.write(`${JSON.stringify(message)}\n`, () => {
        this.#writing--;
        this.#changed();
        resolve();
      });
    });
  }

  close(): Promise<void> {
    if (this.#state === 'closed') return Promise.resolve();
    this.#state = 'closed';
    const { stdin, stdout } = this.#streams;
    stdin.off('data', this.#hear);
    stdin.off('end', this.#end);
    stdin.off('close', this.#end);
    stdin.pause();
    stdout.off('close', this.#hangUp);
    // the error listeners stay: an error after the end must not end the process as uncaught
    this.#events.emit('ended');
    this.#changed();
    this.onclose?.();
    return Promise.resolve();
  }
}

function revisionIn(params: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const revision = params?.['protocolVersion'];
  return typeof revision === 'string' && SUPPORTED_PROTOCOL_VERSIONS.includes(revision) ? revision : undefined;
}

function idOf(entry: Incoming): ErrorReply['id'] | undefined {
  if (entry.kind === 'invalid') return entry.reply?.id ?? undefined;
  return 'id' in entry.message && 'method' in entry.message ? entry.message.id : undefined;
}
