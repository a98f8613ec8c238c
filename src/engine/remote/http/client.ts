/** A server's endpoints as typed calls. Retries, faults, limits and the abort of a request are handled here, nowhere else. */
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
  /** absent: as many as there are */
  readonly requestsPerMinute?: number | undefined;
  /** a connection was refused or reset: what is known of the server may be old */
  readonly onRefused?: () => void;
};

/** Hostile text may fall into thousands of pieces; uvicorn resets connections when very many open at once (seen at 64). */
const SMALL_CALLS_AT_ONCE = 16;

/** The library wants a limit on a whole request; the caller's deadline is ours to keep. */
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** For a request that computes little: a long text takes a busy server seconds to tokenize. */
export const SMALL_CALL_MS = 15_000;

/** What a side path answered to GET. */
export type PollResult =
  | { readonly kind: 'answered'; readonly text: string }
  | { readonly kind: 'absent' }
  /** the request was accepted, and not answered in time */
  | { readonly kind: 'silent' };

export class RemoteClient {
  readonly #openai: OpenAI;
  readonly #server: { readonly root: string; readonly apiKey: string | undefined };
  /** undici's own limits are 300 s, for headers and between two chunks: a queue on the server may be longer */
  readonly #agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 });
  readonly #active = new Set<Limit>();
  #isClosed = false;
  readonly #retry: Retry;
  readonly #smallCalls = new PQueue({ concurrency: SMALL_CALLS_AT_ONCE });
  /** a turn for every request, attempts again included */
  readonly #rateQueue: PQueue | undefined;

  constructor({ address, apiKey, requestsPerMinute, onRefused }: ClientOptions) {
    if (requestsPerMinute !== undefined) {
      this.#rateQueue = new PQueue({ intervalCap: requestsPerMinute, interval: MINUTE_MS, strict: true });
    }
    this.#retry = new Retry(onRefused);
    this.#server = { root: address.root, apiKey };
    this.#openai = new OpenAI({
      baseURL: address.api,
      // what the library would read from OPENAI_* variables, other servers' secrets among them, is not sent: see `#fetch`
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

  /** Its requests are rate-limited: only what is needed is requested. */
  get isRateLimited(): boolean {
    return this.#rateQueue !== undefined;
  }

  /** Of the address. */
  get host(): string {
    return new URL(this.#server.root).hostname;
  }

  /** What a path answers, and the `Server` header of the answer. */
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

  /** A side path: what is only good to know. Does not wait longer than `limitMs`, and fails only with its caller. */
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

  /** Server-sent events. @throws {ConnectionLostError} when they break off, and the request may have been begun */
  async *stream<T>(path: string, schema: z.ZodType<T>, body: object, callers: AbortSignal): AsyncGenerator<T> {
    const running = this.#begin(callers, Infinity);
    const { signal } = running;
    const open = async () => {
      const url = `${this.#server.root}${path}`;
      const response = await this.#openai.post(url, { body: { ...body, stream: true }, signal }).asResponse();
      const opened = new EventReader(response);
      const texts = await opened.next();
      // a request that is refused behind its headers says so in its first event
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
      throw new ConnectionLostError(`the stream from ${this.#server.root} broke off`, { cause: error });
    } finally {
      this.#end(running);
      await events?.close();
    }
  }

  /** Ends everything under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const running of this.#active) running.abort();
    await this.#agent.destroy();
  }

  /** A wait of its own: with the caller's signal, a limit, and the client's end. */
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
    // waiting for our own turn, or for as long as the server has asked for, is no silence of the server
    const inTime = async (): Promise<unknown> => {
      const sent = limit(signal, limitMs);
      try {
        return await call(url, { signal: sent.signal });
      } catch (error) {
        if (!sent.expired) throw error;
        throw new EngineTimeoutError(
          `the server at ${this.#server.root} accepted a request to ${path} and did not answer it within ${Math.round(limitMs / 1000)} seconds`,
          { hint: 'check the server, and any gateway in front of it', cause: error },
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

/** Of ours exactly these: a compressed stream would be buffered on its way, so none is asked for. */
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
  throw new EngineProtocolError(`the answer to ${path} is not what vLLM answers`, {
    hint: 'check that THINKMETER_BASE_URL is a vLLM server',
    cause: parsed.error,
  });
}
