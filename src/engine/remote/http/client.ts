/** A server's endpoints as typed calls. Retries, error mapping, time limits and aborts of requests are handled only here. */
import OpenAI from 'openai';
import PQueue from 'p-queue';
import { Agent, fetch, type RequestInfo, type RequestInit } from 'undici';
import type * as z from 'zod';
import { EngineProtocolError, EngineTimeoutError } from '../../../errors.ts';
import { VERSION } from '../../../version.ts';
import { limit, type Limit } from '../../../wait.ts';
import { ConnectionLostError } from '../../engine.ts';
import type { Address } from './address.ts';
import { EventReader } from './events.ts';
import { isConnectionLost, toEngineError, toRetryable } from './faults.ts';
import { Retry } from './retry.ts';

export type ClientOptions = {
  readonly address: Address;
  readonly apiKey: string | undefined;
  /** absent: no rate limit */
  readonly requestsPerMinute?: number | undefined;
  /** called when a connection was refused or reset: known facts about the server may be outdated */
  readonly onRefused?: () => void;
};

/** Hostile text can need thousands of requests; uvicorn resets connections if too many open at once (seen at 64). */
const SMALL_CALLS_AT_ONCE = 16;

/** The library requires a timeout per request; the caller's signal already ends requests, so a day means no timeout. */
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** For requests that compute little. A busy server needs seconds to tokenize a long text. */
export const SMALL_CALL_MS = 15_000;

/** What a side path returned for GET. */
export type PollResult =
  | { readonly kind: 'answered'; readonly text: string }
  | { readonly kind: 'absent' }
  /** the server accepted the request but did not respond in time */
  | { readonly kind: 'silent' };

export class RemoteClient {
  readonly #openai: OpenAI;
  readonly #server: { readonly root: string; readonly apiKey: string | undefined };
  /** undici's default timeouts are 300 s for headers and between chunks; a request may queue on the server for longer */
  readonly #agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 });
  readonly #active = new Set<Limit>();
  #isClosed = false;
  readonly #retry: Retry;
  readonly #smallCalls = new PQueue({ concurrency: SMALL_CALLS_AT_ONCE });
  /** absent: no rate limit. Retries count as requests too; polls bypass this queue */
  readonly #rateQueue: PQueue | undefined;

  constructor({ address, apiKey, requestsPerMinute, onRefused }: ClientOptions) {
    if (requestsPerMinute !== undefined) {
      this.#rateQueue = new PQueue({ intervalCap: requestsPerMinute, interval: MINUTE_MS, strict: true });
    }
    this.#retry = new Retry(onRefused);
    this.#server = { root: address.root, apiKey };
    this.#openai = new OpenAI({
      baseURL: address.api,
      // the library reads OPENAI_* variables, which may hold secrets for other servers: `#fetch` replaces all headers
      apiKey: 'none',
      organization: null,
      project: null,
      webhookSecret: null,
      fetch: this.#fetch as unknown as typeof globalThis.fetch,
      maxRetries: 0,
      timeout: DAY_MS,
      logLevel: 'off',
    });
  }

  readonly #fetch = (url: RequestInfo, init: RequestInit = {}): ReturnType<typeof fetch> =>
    fetch(url, { ...init, headers: headersWith(this.#server.apiKey), dispatcher: this.#agent });

  /** If requests are rate-limited, callers skip optional requests. */
  get isRateLimited(): boolean {
    return this.#rateQueue !== undefined;
  }

  /** The host name in the server's address. */
  get host(): string {
    return new URL(this.#server.root).hostname;
  }

  /** The parsed response body, and the response's `Server` header. */
  async get<T>(
    path: string,
    schema: z.ZodType<T>,
    signal: AbortSignal,
    limitMs = SMALL_CALL_MS,
  ): Promise<{ readonly body: T; readonly serverHeader: string | undefined }> {
    let serverHeader: string | undefined;
    const body = await this.#smallCall(path, schema, { signal, limitMs }, async (url, options) => {
      const { data, response } = await this.#openai.get(url, options).withResponse();
      serverHeader = response.headers.get('server') ?? undefined;
      return data;
    });
    return { body, serverHeader };
  }

  post<T>(path: string, schema: z.ZodType<T>, body: object, signal: AbortSignal, limitMs = SMALL_CALL_MS): Promise<T> {
    return this.#smallCall(path, schema, { signal, limitMs }, (url, options) =>
      this.#openai.post(url, { body, ...options }),
    );
  }

  /** GET of a side path whose information is optional. Waits at most `limitMs`, and throws only if the caller aborts. */
  async poll(path: string, callers: AbortSignal, limitMs: number): Promise<PollResult> {
    const running = this.#begin(callers, limitMs);
    try {
      const response = await this.#fetch(`${this.#server.root}${path}`, { signal: running.signal });
      const text = await response.text();
      return response.ok ? { kind: 'answered', text } : { kind: 'absent' };
    } catch {
      callers.throwIfAborted();
      return { kind: running.expired ? 'silent' : 'absent' };
    } finally {
      this.#end(running);
    }
  }

  /** Server-sent events. @throws {ConnectionLostError} if the stream ends early and the server may have begun the request */
  async *stream<T>(path: string, schema: z.ZodType<T>, body: object, callers: AbortSignal): AsyncGenerator<T> {
    const running = this.#begin(callers, Infinity);
    const { signal } = running;
    const open = async () => {
      const url = `${this.#server.root}${path}`;
      const response = await this.#openai.post(url, { body: { ...body, stream: true }, signal }).asResponse();
      const opened = new EventReader(response);
      const texts = await opened.next();
      // a server may refuse a request after its 200 header, in the first event
      return { opened, texts, first: texts?.[0] === undefined ? undefined : opened.parse(texts[0]) };
    };
    let events: EventReader | undefined;
    try {
      const { opened, first, ...begun } = await this.#attempt(path, open, signal);
      events = opened;
      if (first !== undefined) yield parse(schema, first, path);
      let from = 1;
      for (let { texts } = begun; texts !== undefined; texts = await events.next()) {
        for (let index = from; index < texts.length; index++) {
          yield parse(schema, events.parse(texts[index] ?? ''), path);
        }
        from = 0;
      }
      signal.throwIfAborted();
    } catch (error) {
      const isLost = events !== undefined ? !(error instanceof EngineProtocolError) : isConnectionLost(error);
      if (signal.aborted || !isLost) throw error;
      throw new ConnectionLostError(`the connection to ${this.#server.root} was lost during the stream`, {
        cause: error,
      });
    } finally {
      this.#end(running);
      await events?.close();
    }
  }

  /** Aborts all running requests. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const running of this.#active) running.abort();
    await this.#agent.destroy();
  }

  /** A signal that aborts with the caller, after `limitMs`, or when the client closes. */
  #begin(callers: AbortSignal, limitMs: number): Limit {
    const running = limit(callers, limitMs);
    if (this.#isClosed) running.abort();
    this.#active.add(running);
    return running;
  }

  #end(running: Limit): void {
    running.release();
    this.#active.delete(running);
  }

  async #smallCall<T>(
    path: string,
    schema: z.ZodType<T>,
    { signal: callers, limitMs }: { readonly signal: AbortSignal; readonly limitMs: number },
    call: (url: string, options: { signal: AbortSignal }) => Promise<unknown>,
  ): Promise<T> {
    const running = this.#begin(callers, Infinity);
    const { signal } = running;
    const url = `${this.#server.root}${path}`;
    // the limit covers one attempt: time in our rate queue or in a Retry-After pause is not the server's silence
    const inTime = async (): Promise<unknown> => {
      const sent = limit(signal, limitMs);
      try {
        return await call(url, { signal: sent.signal });
      } catch (error) {
        if (!sent.expired) throw error;
        throw new EngineTimeoutError(
          `the server at ${this.#server.root} accepted a request to ${path} but did not respond within ${Math.round(limitMs / 1000)} seconds`,
          { hint: 'check the server and any proxy in front of it', cause: error },
        );
      } finally {
        sent.release();
      }
    };
    try {
      const attempt = (): Promise<unknown> => this.#attempt(path, inTime, signal);
      return parse(schema, await this.#smallCalls.add(attempt, { signal }), path);
    } finally {
      this.#end(running);
    }
  }

  #attempt<T>(path: string, call: () => Promise<T>, signal: AbortSignal): Promise<T> {
    let original: unknown;
    const attempt = async (): Promise<T> => {
      await this.#rateQueue?.add(() => undefined, { signal });
      try {
        return await call();
      } catch (error) {
        original = error;
        throw toEngineError(error, this.#server, path);
      }
    };
    return this.#retry.run(attempt, (error) => toRetryable(error, original), signal);
  }
}

/** The complete set of headers. Compression is refused because a compressed stream would be buffered on the way. */
function headersWith(apiKey: string | undefined): Record<string, string> {
  return {
    accept: 'application/json',
    'accept-encoding': 'identity',
    'content-type': 'application/json',
    'user-agent': `thinkmeter/${VERSION}`,
    ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
  };
}

function parse<T>(schema: z.ZodType<T>, value: unknown, path: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new EngineProtocolError(`the response to ${path} does not have the format that vLLM uses`, {
    hint: 'check that THINKMETER_BASE_URL is the address of vLLM or another supported server',
    cause: parsed.error,
  });
}
