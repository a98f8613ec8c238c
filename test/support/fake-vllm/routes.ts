/** Paths to answers. The key protects `/v1` only, as in vLLM. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendJson } from './answers.ts';
import { answerCompletion, type CompletionContext, type Road } from './completions.ts';
import type { Script } from './generation.ts';
import type { Meter } from './metrics.ts';
import { isHidden } from './misbehaviour.ts';
import { apiDescription } from './openapi.ts';
import { versions, type Served } from './served.ts';
import { detokenize, tokenize } from './tokenize.ts';

/** What the routes need of their server. */
export type Host = {
  readonly served: Served;
  readonly script: Script;
  readonly meter: Meter;
  readonly apiKey: string | undefined;
  readonly msPerToken: number;
  /** `--disable-fastapi-docs` */
  readonly hideDocs: boolean;
  readonly startedAt: number;
};

export type RouteContext = Pick<CompletionContext, 'mischief' | 'signal' | 'onSent' | 'onBreak'> & {
  readonly host: Host;
};

type Route = { readonly method: 'GET' | 'POST'; readonly answer: (call: Call) => void | Promise<void> };

type Call = { readonly raw: string; readonly response: ServerResponse; readonly context: RouteContext };

const routes: Readonly<Record<string, Route>> = {
  '/health': {
    method: 'GET',
    answer: ({ response }) => {
      response.writeHead(200, { 'content-length': 0 });
      response.end();
    },
  },
  '/version': {
    method: 'GET',
    answer: ({ response, context }) => sendJson(response, 200, { version: versions[context.host.served.reasoning] }),
  },
  '/openapi.json': {
    method: 'GET',
    answer: ({ response, context }) => sendJson(response, 200, apiDescription(context.host.served)),
  },
  '/metrics': {
    method: 'GET',
    answer: ({ response, context: { host } }) => {
      response.writeHead(200, { 'content-type': 'text/plain; version=1.0.0; charset=utf-8' });
      response.end(host.meter.text(host.served.servedName));
    },
  },
  '/is_sleeping': {
    method: 'GET',
    answer: ({ response, context }) => sendJson(response, 200, { is_sleeping: context.mischief.spec.asleep }),
  },
  '/v1/models': { method: 'GET', answer: ({ response, context }) => sendJson(response, 200, modelList(context.host)) },
  '/tokenize': {
    method: 'POST',
    answer: ({ raw, response, context }) => sendJson(response, 200, tokenize(raw, context.host.served)),
  },
  '/detokenize': {
    method: 'POST',
    answer: ({ raw, response, context }) => sendJson(response, 200, detokenize(raw, context.host.served)),
  },
  '/v1/completions': { method: 'POST', answer: completionOn('text') },
  '/v1/chat/completions': { method: 'POST', answer: completionOn('chat') },
};

function completionOn(road: Road): Route['answer'] {
  return ({ raw, response, context: { host, ...rest } }) => answerCompletion(road, raw, response, { ...host, ...rest });
}

export async function route(
  raw: string,
  request: IncomingMessage,
  response: ServerResponse,
  context: RouteContext,
): Promise<void> {
  const { pathname } = new URL(request.url ?? '/', 'http://fake');
  const { apiKey, hideDocs } = context.host;
  if (apiKey !== undefined && pathname.startsWith('/v1') && request.headers.authorization !== `Bearer ${apiKey}`) {
    sendJson(response, 401, { error: 'Unauthorized' });
    return;
  }
  const { swallow, asleep = false } = context.mischief.spec;
  if (swallow?.includes(pathname) === true || (asleep && pathname.endsWith('/completions'))) return;
  const found = Object.hasOwn(routes, pathname) ? routes[pathname] : undefined;
  const hidden = isHidden(pathname, context.mischief.spec) || (hideDocs && pathname === '/openapi.json');
  if (found === undefined || hidden) {
    sendJson(response, 404, { detail: 'Not Found' });
    return;
  }
  if (found.method !== request.method) {
    sendJson(response, 405, { detail: 'Method Not Allowed' }, { allow: found.method });
    return;
  }
  await found.answer({ raw, response, context });
}

function modelList({ served, startedAt }: Host): unknown {
  const permission = {
    id: 'modelperm-0000000000000000',
    object: 'model_permission',
    created: startedAt,
    allow_create_engine: false,
    allow_sampling: true,
    allow_logprobs: true,
    allow_search_indices: false,
    allow_view: true,
    allow_fine_tuning: false,
    organization: '*',
    group: null,
    is_blocking: false,
  };
  const model = {
    id: served.servedName,
    object: 'model',
    created: startedAt,
    owned_by: 'vllm',
    root: served.model.look === undefined ? served.model.name : served.servedName,
    parent: null,
    max_model_len: served.window,
    permission: [permission],
  };
  return { object: 'list', data: [model] };
}
