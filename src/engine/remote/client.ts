/** vLLM's endpoints as typed calls. Retries, faults and the abort of a request are dealt with here, nowhere else. */
import OpenAI from 'openai';
import PQueue from 'p-queue';
import type * as z from 'zod';
import { EngineProtocolError } from '../../errors.ts';
import { VERSION } from '../../version.ts';
import { ConnectionLostError, type Limits } from '../engine.ts';
import type { Address } from './address.ts';
import { toFault, toSetback } from './faults.ts';
import { InFlight } from './in-flight.ts';
import { Retry } from './retry.ts';
import { completionChunk, detokenized, modelList, tokenized, type CompletionChunk } from './wire.ts';

export type ClientOptions = { readonly address: Address; readonly apiKey: string | undefined };

/** Hostile text may fall into thousands of pieces; uvicorn resets connections when very many open at once (seen at 64). */
const SMALL_CALLS_AT_ONCE = 16;

/** The library wants a limit on a whole request; the caller's deadline is ours to keep. */
const DAY_MS = 86_400_000;

/** What is only good to know is not waited for longer. */
const LOOK_MS = 2000;

export type TokenizeMessages = {
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly templateArguments: Readonly<Record<string, boolean>>;
};

export class RemoteClient {
  readonly #openai: OpenAI;
  readonly #place: { readonly root: string; readonly apiKey: string | undefined };
  readonly #inFlight = new InFlight();
  readonly #retry = new Retry();
  readonly #smallCalls = new PQueue({ concurrency: SMALL_CALLS_AT_ONCE });

  constructor({ address, apiKey }: ClientOptions) {
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

  models(signal: AbortSignal): Promise<z.infer<typeof modelList>> {
    return this.#small('/v1/models', modelList, (options) => this.#openai.get('/models', options), signal);
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

  /** A conversation through the model's chat template, with the assistant's turn opened. */
  tokenizeMessages(
    model: string,
    { messages, templateArguments }: TokenizeMessages,
    signal: AbortSignal,
  ): Promise<z.infer<typeof tokenized>> {
    const body = { model, messages, add_generation_prompt: true, chat_template_kwargs: templateArguments };
    return this.#post('/tokenize', tokenized, body, signal);
  }

  /** Text alone: without `add_special_tokens: false` it would begin with `<s>`. */
  tokenizeText(model: string, prompt: string, signal: AbortSignal): Promise<z.infer<typeof tokenized>> {
    return this.#post('/tokenize', tokenized, { model, prompt, add_special_tokens: false }, signal);
  }

  async detokenize(model: string, tokens: readonly number[], signal: AbortSignal): Promise<string> {
    return (await this.#post('/detokenize', detokenized, { model, tokens }, signal)).prompt;
  }

  /** Streams a completion of token ids. @throws {ConnectionLostError} when it breaks off after its first chunk */
  async *complete(
    model: string,
    prompt: readonly number[],
    { maxTokens, sampling, nativeBudget }: Limits,
    signal: AbortSignal,
  ): AsyncGenerator<CompletionChunk> {
    const body = {
      model,
      prompt: [...prompt],
      max_tokens: maxTokens,
      ...(sampling.temperature === undefined ? {} : { temperature: sampling.temperature }),
      ...(sampling.topP === undefined ? {} : { top_p: sampling.topP }),
      stream: true as const,
      stream_options: { include_usage: true },
      // fields of vLLM that the library does not know
      ...(nativeBudget === undefined ? {} : { thinking_token_budget: nativeBudget }),
      return_token_ids: true,
      skip_special_tokens: false,
    };
    const { signal: own, done } = this.#inFlight.begin(signal);
    try {
      yield* this.#chunks(body, own);
    } finally {
      done();
    }
  }

  async *#chunks(body: OpenAI.CompletionCreateParamsStreaming, signal: AbortSignal): AsyncGenerator<CompletionChunk> {
    const open = async () => {
      const stream = await this.#openai.completions.create(body, { signal });
      const chunks = stream[Symbol.asyncIterator]();
      return { chunks, first: await chunks.next() };
    };
    const { chunks, first } = await this.#attempt('/v1/completions', open, signal);
    try {
      // oxlint-disable-next-line no-await-in-loop -- a stream is read chunk by chunk
      for (let next = first; next.done !== true; next = await chunks.next()) {
        yield parse(completionChunk, next.value, '/v1/completions');
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

  #post<T>(path: string, schema: z.ZodType<T>, body: object, signal: AbortSignal): Promise<T> {
    // these two are at the server's root, beside /v1
    return this.#small(
      path,
      schema,
      (options) => this.#openai.post(`${this.#place.root}${path}`, { body, ...options }),
      signal,
    );
  }

  async #small<T>(
    path: string,
    schema: z.ZodType<T>,
    call: (options: { signal: AbortSignal }) => Promise<unknown>,
    callers: AbortSignal,
  ): Promise<T> {
    const { signal, done } = this.#inFlight.begin(callers);
    try {
      return parse(
        schema,
        await this.#smallCalls.add(() => this.#attempt(path, () => call({ signal }), signal), { signal }),
        path,
      );
    } finally {
      done();
    }
  }

  #attempt<T>(path: string, call: () => Promise<T>, signal: AbortSignal): Promise<T> {
    let original: unknown;
    const attempt = async (): Promise<T> => {
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
