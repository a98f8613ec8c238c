/** A server's endpoints as typed calls, with their time limits. */
import OpenAI, { type APIError } from 'openai';
import type { RequestInit, Response as FetchResponse } from 'undici';
import type * as z from 'zod';
import { EngineProtocolError, EngineTimeoutError } from '../../../errors.ts';
import { limit } from '../../../wait.ts';
import { ConnectionLostError } from '../../engine.ts';
import { EventReader } from './events.ts';
import { ErrorAnswer, isConnectionLost, toUnexpected, type Sent } from './faults.ts';
import { RunHeaders } from './headers.ts';
import type { Transport } from './transport.ts';
import { asJson } from './wire.ts';

/** The library requires a timeout per request; the caller's signal already ends requests, so a day means no timeout. */
const DAY_MS = 86_400_000;

/** For requests that compute little. A busy server needs seconds to tokenize a long text. */
export const SMALL_CALL_MS = 15_000;

/** What a side path returned for GET. */
export type PollResult =
  | { readonly kind: 'answered'; readonly text: string }
  | { readonly kind: 'absent' }
  /** the server accepted the request but did not respond in time */
  | { readonly kind: 'silent' };

/** Keeps the whole body of an error. */
class Library extends OpenAI {
  protected override makeStatusError(
    status: number,
    body: object | undefined,
    text: string | undefined,
    headers: Headers,
  ): APIError {
    return new ErrorAnswer(status, body ?? text, headers);
  }
}

/** What the library hands on to `fetch` as it is. */
type RunInit = RequestInit & { readonly run?: RunHeaders | undefined };

export class RemoteClient {
  readonly #library: OpenAI;
  readonly #transport: Transport;
  readonly #sessionHeader: string | undefined;
  readonly #run: RunHeaders | undefined;

  /** `sessionHeader`: the header that the operator's router reads, in lower case. It receives the run's id too. */
  constructor(transport: Transport, sessionHeader?: string, run?: RunHeaders, library = libraryFor(transport)) {
    this.#library = library;
    this.#transport = transport;
    this.#sessionHeader = sessionHeader;
    this.#run = run;
  }

  /** The same server and connections; each request carries the run's id, so that routers keep the run on one replica. */
  forRun(runId: string): RemoteClient {
    const run = new RunHeaders(runId, this.#sessionHeader);
    return new RemoteClient(this.#transport, this.#sessionHeader, run, this.#library);
  }

  get #fetchOptions(): object {
    return { run: this.#run } satisfies RunInit;
  }

  /** If requests are rate-limited, callers skip optional requests. */
  get isRateLimited(): boolean {
    return this.#transport.isRateLimited;
  }

  /** The host name in the server's address. */
  get host(): string {
    return new URL(this.#transport.root).hostname;
  }

  /** The parsed response body, and the response's `Server` header. */
  async get<T>(
    path: string,
    schema: z.ZodType<T>,
    signal: AbortSignal,
    limitMs = SMALL_CALL_MS,
  ): Promise<{ readonly body: T; readonly serverHeader: string | undefined }> {
    let serverHeader: string | undefined;
    const body = await this.#smallCall({ path, method: 'GET' }, schema, { signal, limitMs }, async (url, options) => {
      const { data, response } = await this.#library.get(url, options).withResponse();
      serverHeader = response.headers.get('server') ?? undefined;
      return data;
    });
    return { body, serverHeader };
  }

  post<T>(path: string, schema: z.ZodType<T>, body: object, signal: AbortSignal, limitMs = SMALL_CALL_MS): Promise<T> {
    return this.#smallCall({ path, method: 'POST', body }, schema, { signal, limitMs }, (url, options) =>
      this.#library.post(url, { body, ...options }),
    );
  }

  /** GET of a side path whose information is optional. Waits at most `limitMs`, and throws only if the caller aborts. */
  async poll(path: string, callers: AbortSignal, limitMs: number): Promise<PollResult> {
    const running = this.#transport.begin(callers, limitMs);
    try {
      const response = await this.#transport.fetch(this.#transport.urlOf(path), { signal: running.signal }, this.#run);
      const text = await response.text();
      return response.ok ? { kind: 'answered', text } : { kind: 'absent' };
    } catch {
      callers.throwIfAborted();
      return { kind: running.expired ? 'silent' : 'absent' };
    } finally {
      this.#transport.end(running);
    }
  }

  /** Server-sent events. @throws {ConnectionLostError} if the stream ends early and the server may have begun the request */
  async *stream<T>(path: string, schema: z.ZodType<T>, body: object, callers: AbortSignal): AsyncGenerator<T> {
    const running = this.#transport.begin(callers, Infinity);
    const { signal } = running;
    const sent: Sent = { path, method: 'POST', body };
    const open = async (url: string) => {
      const response = await this.#library
        .post(url, { body: { ...body, stream: true }, signal, fetchOptions: this.#fetchOptions })
        .asResponse();
      await this.#refuseOther(response, path);
      const opened = new EventReader(response);
      try {
        const texts = await opened.next();
        // a server may refuse a request after its 200 header, in the first event
        return { opened, texts, first: texts?.[0] === undefined ? undefined : opened.parse(texts[0]) };
      } catch (error) {
        await opened.close();
        throw error;
      }
    };
    let events: EventReader | undefined;
    try {
      const attempt = (url: string) => this.#transport.attempt(sent, () => open(url), signal);
      const { opened, first, ...begun } = await this.#transport.viaApi(path, attempt);
      events = opened;
      if (first !== undefined) yield this.#parse(schema, first, path);
      let from = 1;
      for (let { texts } = begun; texts !== undefined; texts = await events.next()) {
        for (let index = from; index < texts.length; index++) {
          yield this.#parse(schema, events.parse(texts[index] ?? ''), path);
        }
        from = 0;
      }
      signal.throwIfAborted();
    } catch (error) {
      const isLost = events !== undefined ? !(error instanceof EngineProtocolError) : isConnectionLost(error);
      if (signal.aborted || !isLost) throw error;
      throw new ConnectionLostError(`the connection to ${this.#transport.root} was lost during the stream`, {
        cause: error,
      });
    } finally {
      this.#transport.end(running);
      await events?.close();
    }
  }

  /** Aborts all running requests, also those of runs. */
  close(): Promise<void> {
    return this.#transport.close();
  }

  /** A response with status 200 that is a web page or one JSON object instead of a stream. */
  async #refuseOther(response: Response, path: string): Promise<void> {
    const type = response.headers.get('content-type') ?? '';
    if (!/^(text\/html|application\/json)\b/i.test(type)) return;
    const text = await response.text();
    throw toUnexpected(asJson(text) ?? text, this.#transport.server, path);
  }

  async #smallCall<T>(
    sent: Sent,
    schema: z.ZodType<T>,
    { signal: callers, limitMs }: { readonly signal: AbortSignal; readonly limitMs: number },
    call: (url: string, options: { signal: AbortSignal; fetchOptions: object }) => Promise<unknown>,
  ): Promise<T> {
    const { path } = sent;
    const running = this.#transport.begin(callers, Infinity);
    const { signal } = running;
    // the limit covers one attempt: time in our rate queue or in a Retry-After pause is not the server's silence
    const inTime = async (url: string): Promise<unknown> => {
      const within = limit(signal, limitMs);
      try {
        return await call(url, { signal: within.signal, fetchOptions: this.#fetchOptions });
      } catch (error) {
        if (!within.expired) throw error;
        throw new EngineTimeoutError(
          `the server at ${this.#transport.root} accepted a request to ${path} but did not respond within ${limitMs / 1000} seconds`,
          { hint: 'check the server and any proxy in front of it', cause: error },
        );
      } finally {
        within.release();
      }
    };
    try {
      const attempt = (url: string): Promise<unknown> => this.#transport.attempt(sent, () => inTime(url), signal);
      const answer = (): Promise<T> =>
        this.#transport.viaApi(path, async (url) => this.#parse(schema, await attempt(url), path));
      return await this.#transport.smallCalls.add(answer, { signal });
    } catch (error) {
      if (signal.aborted || !isConnectionLost(error)) throw error;
      throw new EngineProtocolError(
        `the server at ${this.#transport.root} closed the connection to ${path} too early`,
        {
          hint: "check the server's log",
          cause: error,
        },
      );
    } finally {
      this.#transport.end(running);
    }
  }

  #parse<T>(schema: z.ZodType<T>, value: unknown, path: string): T {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    throw toUnexpected(value, this.#transport.server, path);
  }
}

function libraryFor(transport: Transport): OpenAI {
  const fetch = (url: string, { run, ...init }: RunInit = {}): Promise<FetchResponse> =>
    transport.fetch(url, init, run);
  return new Library({
    baseURL: transport.root,
    // the library reads OPENAI_* variables, which may hold secrets for other servers: `fetch` replaces all headers
    apiKey: 'none',
    organization: null,
    project: null,
    webhookSecret: null,
    fetch: fetch as unknown as typeof globalThis.fetch,
    maxRetries: 0,
    timeout: DAY_MS,
    logLevel: 'off',
  });
}
