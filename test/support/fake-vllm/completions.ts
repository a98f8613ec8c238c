/** `POST /v1/completions`: a script's tokens, at their pace, with what is to go wrong. */
import type { ServerResponse } from 'node:http';
import { sendError, type ApiError } from './answers.ts';
import { readCompletionRequest, type CompletionRequest, type Served } from './completion-request.ts';
import { newEnvelope, type Shape } from './completion-shapes.ts';
import { createDetokenizer } from './detokenizer.ts';
import { generate, scriptIds, type Finish, type Script } from './generation.ts';
import type { Meter } from './metrics.ts';
import type { Misbehaviour, Mischief, Rejection } from './misbehaviour.ts';
import { createPace, pause, untilAborted } from './pace.ts';
import { bodySink, streamSink, type Sink } from './sinks.ts';

export type CompletionContext = {
  readonly served: Served;
  readonly script: Script;
  readonly mischief: Mischief;
  readonly msPerToken: number;
  readonly promptTokensDetails: boolean;
  readonly meter: Meter;
  /** ends the generation */
  readonly signal: AbortSignal;
  readonly onSent: (tokens: number) => void;
  /** it is the server that breaks the connection */
  readonly onBreak: () => void;
};

export async function answerCompletion(
  raw: string,
  response: ServerResponse,
  context: CompletionContext,
): Promise<void> {
  const { mischief, served, signal } = context;
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
  const request = clamp(readCompletionRequest(raw, served), mischief.spec);
  const shape: Shape = {
    request,
    envelope: newEnvelope(served.servedName),
    knowsTokenIds: mischief.spec.noTokenIds !== true,
    promptTokensDetails: context.promptTokensDetails,
  };
  const sink = (request.stream ? streamSink : bodySink)(response, shape, context.onSent);
  context.meter.begin(request.promptIds.length);
  try {
    await produce(request, sink, context);
  } catch (error) {
    // a script that throws: before the headers it is the server that answers
    if (!response.headersSent) throw error;
    sink.fail(engineError(String(error)));
  } finally {
    context.meter.end();
    // whoever left early is not to be kept waiting for an answer that will not come
    if (signal.aborted && !response.writableEnded) response.destroy();
  }
}

async function produce(request: CompletionRequest, sink: Sink, context: CompletionContext): Promise<void> {
  const { signal, served } = context;
  const { spec } = context.mischief;
  const { promptIds } = request;
  const text = served.model.decode(promptIds, { skipSpecialTokens: false });
  const output = context.script({ ids: promptIds, text, closer: served.model.closer });
  const detokenizer = createDetokenizer(served.model, promptIds, request);
  const steps = generate(served.model, scriptIds(served.model, output), detokenizer, request);

  await pause(spec.lateHeadersMs ?? 0, signal);
  if (signal.aborted) return;
  sink.start();
  const pace = createPace({ firstTokenMs: spec.firstTokenMs ?? 0, msPerToken: context.msPerToken });
  const pending: number[] = [];
  const flush = (finish?: Finish): void => {
    sink.send({ ids: pending.splice(0), text: detokenizer.take({ finished: finish !== undefined }), finish });
    chunks += 1;
  };
  let chunks = 0;
  let generated = 0;
  for (;;) {
    const trouble = troubleAfter(generated, spec);
    if (trouble !== undefined && pending.length > 0) flush();
    if (trouble !== undefined && (await ends(trouble, sink, context))) return;
    await pace.next(signal);
    const step = signal.aborted ? undefined : steps.next().value;
    if (step === undefined) return;
    generated += 1;
    context.meter.token();
    pending.push(step.id);
    const finish = reported(step.finish, generated, spec);
    if (finish !== undefined && spec.truncateWithoutFinish === true) {
      sink.end({ truncated: true });
      return;
    }
    if (finish !== undefined || pending.length >= chunkSize(chunks, request, spec)) flush(finish);
    if (finish !== undefined) {
      sink.end({ truncated: false });
      return;
    }
  }
}

function chunkSize(chunks: number, request: CompletionRequest, { idsPerChunk }: Misbehaviour): number {
  if (typeof idsPerChunk === 'number') return idsPerChunk;
  // like vLLM: the first token and the last come at once, whatever the interval
  return idsPerChunk?.[chunks] ?? (chunks === 0 ? 1 : request.streamInterval);
}

type Trouble = 'drop' | 'error' | 'garbage' | 'stall';

function troubleAfter(tokens: number, spec: Misbehaviour): Trouble | undefined {
  if (tokens === spec.dropAfterTokens) return 'drop';
  if (tokens === spec.errorAfterTokens) return 'error';
  if (tokens === spec.garbageAfterTokens) return 'garbage';
  return tokens === spec.stallAfterTokens ? 'stall' : undefined;
}

/** Makes the trouble; true when nothing comes after it. */
async function ends(trouble: Trouble, sink: Sink, context: CompletionContext): Promise<boolean> {
  if (trouble === 'garbage') sink.garbage();
  if (trouble === 'garbage' || (trouble === 'drop' && !context.mischief.takeDrop())) return false;
  if (trouble === 'drop') {
    context.onBreak();
    await sink.breakOff();
  }
  if (trouble === 'error') {
    sink.fail(engineError('EngineCore encountered an issue. See stack trace (above) for the root cause.'));
  }
  if (trouble === 'stall') await untilAborted(context.signal);
  return true;
}

function reported(finish: Finish | undefined, generated: number, spec: Misbehaviour): Finish | undefined {
  if (generated === spec.finishReason?.afterTokens) return { reason: spec.finishReason.reason, stopReason: null };
  return finish?.reason === 'length' && spec.stopAtCap === true ? { ...finish, reason: 'stop' } : finish;
}

function clamp(request: CompletionRequest, { clampMaxTokens }: Misbehaviour): CompletionRequest {
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

function engineError(message: string): ApiError {
  return { status: 500, message, type: 'InternalServerError', param: null };
}
