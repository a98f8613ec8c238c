/**
 * Real HTTP servers on 127.0.0.1 that play the relatives of vLLM: same scripts, tokenizers and templates as the fake
 * vLLM, and each row of `kinds.ts` on top. One model each, streams only.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { RequestError, sendJson } from '../fake-vllm/answers.ts';
import { bodyForRecord, readBody } from '../fake-vllm/body.ts';
import { loadModel, type FakeModel } from '../fake-vllm/model.ts';
import { thinks } from '../fake-vllm/scripts.ts';
import { listening } from '../listening.ts';
import { answerChat } from './chat.ts';
import { answerCompletion } from './completions.ts';
import { openEvents } from './events.ts';
import type { FakeServerOptions, Host, RecordedRequest, Recording } from './host.ts';
import { DIALECTS, type Kind } from './kinds.ts';
import { answerLlama, answerLlamaAsOpenAi } from './llama.ts';
import { Router } from './router.ts';
import { TOKENIZERS } from './tokenizers.ts';

export type FakeServer = {
  /** with `/v1` */
  readonly url: string;
  /** as the server calls the model */
  readonly name: string;
  readonly model: FakeModel;
  /** every request, in the order in which they came */
  readonly requests: readonly RecordedRequest[];
  /** of those, the ones that generated */
  readonly generations: readonly RecordedRequest[];
  close(): Promise<void>;
};

export async function startFakeServer(kind: Kind, options: FakeServerOptions = {}): Promise<FakeServer> {
  const dialect = DIALECTS[kind];
  const model = loadModel(options.model ?? 'thinkmeter-demo');
  const host: Host = {
    dialect,
    model,
    name: options.name ?? dialect.nameOf?.(model.name) ?? model.name,
    window: options.window ?? 2048,
    script: options.script ?? thinks('2 + 2 is 4.', 'The answer is 4.'),
    options,
    router: options.router && new Router(options.router),
    memory: { isLoaded: options.notLoaded !== true },
  };
  const requests: Recording[] = [];
  const closing = new AbortController();
  const server = await listening((request, response) => {
    void serve({ request, response, host, requests, closing: closing.signal });
  });
  return {
    url: `${server.url}${dialect.base ?? ''}/v1`,
    name: host.name,
    model,
    requests,
    get generations() {
      return requests.filter(({ prompt }) => prompt.length > 0);
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
  readonly requests: Recording[];
  readonly closing: AbortSignal;
};

async function serve({ request, response, host, requests, closing }: Exchange): Promise<void> {
  // a write after the client has gone is an `error` event, and nobody's fault
  response.on('error', () => undefined);
  request.on('error', () => undefined);
  const raw = await readBody(request).catch(() => undefined);
  if (raw === undefined) return;
  const { method = 'GET', url: path = '/' } = request;
  const record: Recording = {
    method,
    path,
    body: bodyForRecord(raw),
    aborted: false,
    prompt: [],
    generated: [],
    thinkingTokens: 0,
  };
  requests.push(record);
  const left = new AbortController();
  response.once('close', () => {
    if (response.writableFinished) return;
    record.aborted = !closing.aborted;
    left.abort();
  });
  const { error: shape, headers = {}, errorsInStream = false } = host.dialect;
  try {
    await route({ host, record, response, signal: AbortSignal.any([left.signal, closing]) });
  } catch (error) {
    const { status, message } = error instanceof RequestError ? error.answer : { status: 500, message: String(error) };
    if (response.headersSent) response.destroy();
    // what it can tell by itself it tells at once
    else if (errorsInStream && status !== 404) failWithin(response, shape(status, message), headers);
    else sendJson(response, status, shape(status, message), headers);
  }
}

function failWithin(response: ServerResponse, error: unknown, headers: Readonly<Record<string, string>>): void {
  const events = openEvents(response, headers);
  events.json(error);
  events.end();
}

async function route(call: Parameters<typeof answerChat>[0]): Promise<void> {
  const { host, record, response, signal } = call;
  const { dialect } = host;
  const { base = '', completions, tokenizer, headers = {}, missing = notFound } = dialect;
  const url = new URL(record.path, 'http://server');
  const path = url.pathname.startsWith(base) ? url.pathname.slice(base.length) : '';
  const { router } = host;
  if (router !== undefined && !/^(\/v1)?\/models$|^\/health$/.test(path)) {
    const asked = record.method === 'GET' ? url.searchParams.get('model') : record.body['model'];
    if (path === '/props' && asked === null) return send(response, 200, router.props(), headers);
    await router.admit(host, typeof asked === 'string' ? asked : undefined, url.searchParams.get('autoload'), signal);
  }
  if (record.method === 'GET') {
    const looks = dialect.looks(host);
    if (Object.hasOwn(looks, path)) return send(response, 200, looks[path], headers);
  } else {
    if (path === '/v1/chat/completions') return answerChat(call);
    if (path === '/v1/completions' && completions !== undefined) {
      return completions.streams === 'llama.cpp' ? answerLlamaAsOpenAi(call) : answerCompletion(call);
    }
    if (path === '/completion' && tokenizer === 'llama.cpp') return answerLlama(call);
    const post = tokenizer === undefined ? undefined : TOKENIZERS[tokenizer][path];
    if (post !== undefined) return send(response, 200, post(host, record.body), headers);
  }
  const { status, body } = missing(record.method, record.path);
  send(response, status, body, headers);
}

/** FastAPI's */
function notFound(): { readonly status: number; readonly body: unknown } {
  return { status: 404, body: { detail: 'Not Found' } };
}

function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>>,
): void {
  if (typeof body === 'string') response.writeHead(status, { ...headers, 'content-type': 'text/plain' }).end(body);
  else sendJson(response, status, body, headers);
}
