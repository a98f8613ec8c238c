/** `POST /v1/completions` and `POST /v1/chat/completions`: read, refused or generated, and answered. */
import type { ServerResponse } from 'node:http';
import { newEnvelope, type Format, type Shape } from './answer-format.ts';
import { engineError, sendError } from './answers.ts';
import { readChatRequest } from './chat-request.ts';
import { createChatFormat } from './chat-shapes.ts';
import { readCompletionRequest } from './completion-request.ts';
import { createTextFormat } from './completion-shapes.ts';
import type { GenerationRequest } from './generation-request.ts';
import type { Meter } from './metrics.ts';
import type { Misbehaviour, Rejection } from './misbehaviour.ts';
import { parserFor } from './parser-choice.ts';
import { produce, type Production } from './produce.ts';
import type { Served } from './served.ts';
import { bodySink, sendFailedStream, streamSink } from './sinks.ts';
import { budgetRefusal } from './thinking-budget.ts';

export type Road = 'text' | 'chat';

export type CompletionContext = Production & {
  readonly meter: Meter;
  readonly onSent: (tokens: number) => void;
};

export async function answerCompletion(
  road: Road,
  raw: string,
  response: ServerResponse,
  context: CompletionContext,
): Promise<void> {
  const { mischief, served, signal } = context;
  const { spec } = mischief;
  if (mischief.takeReset()) {
    context.onBreak();
    response.socket?.resetAndDestroy();
    return;
  }
  const rejection = mischief.takeRejection();
  if (rejection !== undefined) {
    reject(response, rejection);
    return;
  }
  const asked = roads[road](raw, served, spec);
  const { request } = asked;
  const refusal = budgetRefusal(request.thinkingBudget, served.reasoning);
  if (refusal !== undefined) {
    if (!request.stream) throw refusal;
    sendFailedStream(response, refusal.answer);
    return;
  }
  const meter = context.meter.begin(request.promptIds);
  const format = asked.format({ knowsTokenIds: spec.noTokenIds !== true, cachedTokens: meter.cachedTokens });
  const { includeUsage } = request;
  const sink = (request.stream ? streamSink : bodySink)({
    response,
    format,
    includeUsage,
    burst: spec.burst === true,
    onSent: context.onSent,
  });
  try {
    await produce(request, sink, context, meter);
  } catch (error) {
    // a script that throws: before the headers it is the server that answers
    if (!response.headersSent) throw error;
    sink.fail(engineError(String(error)));
  } finally {
    meter.end();
    // whoever left early is not to be kept waiting for an answer that will not come
    if (signal.aborted && !response.writableEnded) response.destroy();
  }
}

type Asked = {
  readonly request: GenerationRequest;
  format(shape: Pick<Shape, 'knowsTokenIds' | 'cachedTokens'>): Format;
};

const roads: Readonly<Record<Road, (raw: string, served: Served, spec: Misbehaviour) => Asked>> = {
  text: (raw, served, spec) => {
    const request = clamp(readCompletionRequest(raw, served), spec);
    const envelope = newEnvelope('cmpl', served.servedName);
    return { request, format: (rest) => createTextFormat({ request, served, envelope, ...rest }) };
  },
  chat: (raw, served, spec) => {
    const asked = clamp(readChatRequest(raw, served, spec), spec);
    const parser = parserFor(served, asked);
    const request = { ...asked, skipSpecialTokens: asked.skipSpecialTokens && !parser.keepsSpecialTokens };
    const envelope = newEnvelope('chatcmpl', served.servedName);
    const { role } = asked;
    return { request, format: (rest) => createChatFormat({ request, served, envelope, role, parser, ...rest }) };
  },
};

function clamp<T extends GenerationRequest>(request: T, { clampMaxTokens }: Misbehaviour): T {
  return clampMaxTokens === undefined
    ? request
    : { ...request, maxTokens: Math.min(request.maxTokens, clampMaxTokens) };
}

const rejectionTypes = { 429: 'Too Many Requests', 500: 'InternalServerError', 503: 'Service Unavailable' } as const;

function reject(response: ServerResponse, { status, retryAfterSeconds }: Rejection): void {
  const type = rejectionTypes[status];
  sendError(
    response,
    { status, type, message: type, param: null },
    retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) },
  );
}
