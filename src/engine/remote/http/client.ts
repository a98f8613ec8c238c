/** A server's endpoints as typed calls. Retries, faults and the abort of a request are dealt with here, nowhere else. */
import OpenAI from 'openai';
import PQueue from 'p-queue';
import type * as z from 'zod';
import { EngineProtocolError } from '../../../errors.ts';
import { VERSION } from '../../../version.ts';
import { ConnectionLostError } from '../../engine.ts';
import type { Address } from './address.ts';
import { toFault, toSetback } from './faults.ts';
import { InFlight } from './in-flight.ts';
import { Retry } from './retry.ts';

export type ClientOptions = {
  readonly address: Address;
  readonly apiKey: string | undefined;
  /** absent: as many as there are */
  readonly requestsPerMinute?: number | undefined;
};

/** Hostile text may fall into thousands of pieces; uvicorn resets connections when very many open at once (seen at 64). */
const SMALL_CALLS_AT_ONCE = 16;

/** The library wants a limit on a whole request; the caller's deadline is ours to keep. */
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

/** What is only good to know is not waited for longer. */
const LOOK_MS = 5000;

export class RemoteClient {
  readonly #openai: OpenAI;
  readonly #place: { readonly root: string; readonly apiKey: string | undefined };
  readonly #inFlight = new InFlight();
  readonly #retry = new Retry();
  readonly #smallCalls = new PQueue({ concurrency: SMALL_CALLS_AT_ONCE });
  /** a turn for every request, attempts again included */
  readonly #turns: PQueue | undefined;

  constructor({ address, apiKey, requestsPerMinute }: ClientOptions) {
    if (requestsPerMinute !== undefined) {
      this.#turns = new PQueue({ intervalCap: requestsPerMinute, interval: MINUTE_MS, strict: true });
    }
    this.#place = { root: address.root, apiKey };
    this.#openai = new OpenAI({
      baseURL: address.api,
      // what the library would read from OPENAI_* variables, other servers' secrets among them, is not sent: see `fetch`
      apiKey: 'none',
      organization: null,
      project: null,
      webhookSecret: null,
      fetch: (url, init) => fetch(url, { ...init, headers: headersWith(apiKey) }),
      maxRetries: 0,
      timeout: DAY_MS,
      logLevel: 'off',
    });
  }

  /** Its requests are counted somewhere: only what is needed is asked. */
  get isCounted(): boolean {
    return this.#turns !== undefined;
  }

  /** Of the address. */
  get host(): string {
    return new URL(this.#place.root).hostname;
  }

  /** What a path answers, and who says that it did. */
  async get<T>(
    path: string,
    schema: z.ZodType<T>,
    signal: AbortSignal,
  ): Promise<{ readonly body: T; readonly serverHeader: string | undefined }> {
    let serverHeader: string | undefined;
    const body = await this.#small(path, schema, signal, async (url, options) => {
      const { data, response } = await this.#openai.get(url, options).withResponse();
      serverHeader = response.headers.get('server') ?? undefined;
      return data;
    });
    return { body, serverHeader };
  }

  post<T>(path: string, schema: z.ZodType<T>, body: object, signal: AbortSignal): Promise<T> {
    return this.#small(path, schema, signal, (url, options) => this.#openai.post(url, { body, ...options }));
  }

  /** What a path answers to GET, at the server's root; undefined where it does not answer 200, or not soon. */
  async look(path: string, callers: AbortSignal): Promise<string | undefined> {
    const { signal, done } = this.#inFlight.begin(callers);
    try {
      const { root, apiKey } = this.#place;
      const limit = AbortSignal.any([signal, AbortSignal.timeout(LOOK_MS)]);
      const response = await fetch(`${root}${path}`, { headers: headersWith(apiKey), signal: limit });
      const text = await response.text();
      return response.ok ? text : undefined;
    } catch {
      callers.throwIfAborted();
      return undefined;
    } finally {
      done();
    }
  }

  /** Server-sent events. @throws {ConnectionLostError} when they break off after the first */
  async *stream<T>(path: string, schema: z.ZodType<T>, body: object, callers: AbortSignal): AsyncGenerator<T> {
    const { signal, done } = this.#inFlight.begin(callers);
    try {
      yield* this.#chunks(path, schema, body, signal);
    } finally {
      done();
    }
  }

  async *#chunks<T>(path: string, schema: z.ZodType<T>, body: object, signal: AbortSignal): AsyncGenerator<T> {
    const open = async () => {
      const options = { body: { ...body, stream: true }, signal, stream: true };
      const stream = (await this.#openai.post(`${this.#place.root}${path}`, options)) as AsyncIterable<unknown>;
      const chunks = stream[Symbol.asyncIterator]();
      return { chunks, first: await chunks.next() };
    };
    const { chunks, first } = await this.#attempt(path, open, signal);
    try {
      // oxlint-disable-next-line no-await-in-loop -- a stream is read chunk by chunk
      for (let next = first; next.done !== true; next = await chunks.next()) {
        yield parse(schema, next.value, path);
      }
      // the library ends a stream that was aborted as if it were over
      signal.throwIfAborted();
    } catch (error) {
      if (signal.aborted || error instanceof EngineProtocolError) throw error;
      throw new ConnectionLostError(`the stream from ${this.#place.root} broke off`, { cause: error });
    } finally {
      await chunks.return?.();
    }
  }

  /** Ends everything under way. */
  close(): void {
    this.#inFlight.close();
  }

  async #small<T>(
    path: string,
    schema: z.ZodType<T>,
    callers: AbortSignal,
    call: (url: string, options: { signal: AbortSignal }) => Promise<unknown>,
  ): Promise<T> {
    const { signal, done } = this.#inFlight.begin(callers);
    const url = `${this.#place.root}${path}`;
    try {
      const attempt = (): Promise<unknown> => this.#attempt(path, () => call(url, { signal }), signal);
      return parse(schema, await this.#smallCalls.add(attempt, { signal }), path);
    } finally {
      done();
    }
  }

  #attempt<T>(path: string, call: () => Promise<T>, signal: AbortSignal): Promise<T> {
    let original: unknown;
    const attempt = async (): Promise<T> => {
      await this.#turns?.add(() => undefined, { signal });
      try {
        return await call();
      } catch (error) {
        original = error;
        throw toFault(error, this.#place, path);
      }
    };
    return this.#retry.run(attempt, (fault) => toSetback(fault, original), signal);
  }
}

/** Exactly these. */
function headersWith(apiKey: string | undefined): Record<string, string> {
  return {
    accept: 'application/json',
    'content-type': 'application/json',
    'user-agent': `thinkmeter/${VERSION}`,
    ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
  };
}

function parse<T>(schema: z.ZodType<T>, value: unknown, path: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new EngineProtocolError(`what the server answers to ${path} is not what vLLM answers`, {
    hint: 'check that THINKMETER_BASE_URL is a vLLM server',
    cause: parsed.error,
  });
}
