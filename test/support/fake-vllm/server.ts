/**
 * A real HTTP server that plays vLLM as recorded in `test/fixtures`, on 127.0.0.1: what the model writes is a
 * script's affair, what goes wrong a table's. No weights, no clock of its own, no state between two servers.
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { listening } from '../listening.ts';
import { RequestError, sendError } from './answers.ts';
import { bodyForRecord, readBody } from './body.ts';
import type { Script } from './generation.ts';
import { createMeter } from './metrics.ts';
import { createMischief, type Misbehaviour, type Mischief } from './misbehaviour.ts';
import type { LookName } from './families.ts';
import { loadModel, type ModelName } from './model.ts';
import { route, type Host } from './routes.ts';
import { thinks } from './scripts.ts';
import { THINK_END, type Margin, type Reasoning } from './served.ts';

/** In the middle of a thought, the demo models give the end marker e^-18. */
const FAR = 18;

export type FakeVllmOptions = {
  readonly model?: ModelName;
  /** another family's template and control tokens; the model's own name, unless `servedName` says otherwise */
  readonly look?: LookName;
  readonly servedName?: string;
  readonly window?: number;
  readonly apiKey?: string;
  readonly msPerToken?: number;
  readonly script?: Script;
  readonly misbehave?: Misbehaviour;
  readonly port?: number;
  /** `--enable-prompt-tokens-details`: `cached_tokens` in the usage; off, as in vLLM */
  readonly promptTokensDetails?: boolean;
  /** what the server makes of thinking; `parser` */
  readonly reasoning?: Reasoning;
  /** `reasoning_end_str` of `--reasoning-config`: what is forced at the end of the budget; a bare `</think>` */
  readonly reasoningEnd?: string;
  /** on, as in vLLM */
  readonly prefixCaching?: boolean;
  /** `--disable-fastapi-docs`: no `/openapi.json` */
  readonly hideDocs?: boolean;
  /** how far the model is from writing the tokens that a request lists; far, always */
  readonly margin?: Margin;
};

export type RecordedRequest = {
  readonly method: string;
  readonly path: string;
  /** `{}` when there was none, or no JSON object */
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: IncomingHttpHeaders;
  /** `performance.now()` when the body had come */
  readonly at: number;
  /** the client left before the answer had ended */
  readonly aborted: boolean;
  readonly abortedAt?: number;
  /** completion tokens that were written to the client */
  readonly sentTokens: number;
};

export type FakeVllm = {
  /** without `/v1` */
  readonly url: string;
  /** every request, in the order in which they came */
  readonly requests: readonly RecordedRequest[];
  readonly generationTokensTotal: number;
  running(): number;
  /** For requests from now on; counters such as `dropTimes` begin anew. */
  change(misbehave: Misbehaviour): void;
  close(): Promise<void>;
};

export async function startFakeVllm(options: FakeVllmOptions = {}): Promise<FakeVllm> {
  const model = loadModel(options.model ?? 'thinkmeter-demo', options.look);
  const host: Host = {
    served: {
      model,
      servedName: options.servedName ?? model.name,
      window: options.window ?? 2048,
      reasoning: options.reasoning ?? 'parser',
      reasoningEnd: options.reasoningEnd ?? THINK_END,
      promptTokensDetails: options.promptTokensDetails ?? false,
      margin: options.margin ?? (() => FAR),
    },
    script: options.script ?? thinks('2 + 2 is 4, and 4 is even.', 'The answer is 4.'),
    meter: createMeter({ prefixCaching: options.prefixCaching ?? true }),
    apiKey: options.apiKey,
    msPerToken: options.msPerToken ?? 0,
    hideDocs: options.hideDocs ?? false,
    startedAt: Math.floor(Date.now() / 1000),
  };
  const requests: RecordedRequest[] = [];
  const closing = new AbortController();
  let mischief = createMischief(options.misbehave ?? {});

  const server = await listening((request, response) => {
    void serve({ request, response, host, mischief, requests, closing: closing.signal });
  }, options.port);
  return {
    url: server.url,
    requests,
    get generationTokensTotal() {
      return host.meter.generationTokens();
    },
    running: () => host.meter.running(),
    change: (misbehave) => {
      mischief = createMischief(misbehave);
    },
    close: async () => {
      closing.abort();
      await server.close();
    },
  };
}

type Exchange = {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly host: Host;
  readonly mischief: Mischief;
  readonly requests: RecordedRequest[];
  readonly closing: AbortSignal;
};

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

async function serve({ request, response, host, mischief, requests, closing }: Exchange): Promise<void> {
  // a write after the client has gone is an `error` event, and nobody's fault
  response.on('error', () => undefined);
  request.on('error', () => undefined);
  const raw = await readBody(request).catch(() => undefined);
  if (raw === undefined) return;
  const record: Mutable<RecordedRequest> = {
    method: request.method ?? 'GET',
    path: request.url ?? '/',
    body: bodyForRecord(raw),
    headers: request.headers,
    at: performance.now(),
    aborted: false,
    sentTokens: 0,
  };
  requests.push(record);

  const left = new AbortController();
  let brokenByServer = false;
  response.once('close', () => {
    if (response.writableFinished) return;
    if (!brokenByServer && !closing.aborted) {
      record.aborted = true;
      record.abortedAt = performance.now();
    }
    left.abort();
  });
  try {
    await route(raw, request, response, {
      host,
      mischief,
      signal: mischief.spec.ignoreAbort === true ? closing : AbortSignal.any([left.signal, closing]),
      onSent: (tokens) => {
        if (!left.signal.aborted) record.sentTokens += tokens;
      },
      onBreak: () => {
        brokenByServer = true;
      },
    });
  } catch (error) {
    if (response.headersSent) response.destroy();
    else sendError(response, asAnswer(error));
  }
}

function asAnswer(error: unknown): RequestError['answer'] {
  if (error instanceof RequestError) return error.answer;
  return { status: 500, message: String(error), type: 'InternalServerError', param: null };
}
