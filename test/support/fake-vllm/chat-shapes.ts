/** The JSON of `/v1/chat/completions`: same fields, same order as recorded. */
import { counts, fingerprint, finishFields, head, type Delta, type Format, type Shape } from './answer-format.ts';
import type { PartsDelta, ReasoningParser } from './reasoning-parser.ts';
import { ifNewer, isOlder } from './served.ts';

type ChatShape = Shape & { readonly role: string; readonly parser: ReasoningParser };

export function createChatFormat(shape: ChatShape): Format {
  const split = shape.parser.stream(shape.request.promptIds);
  const ids: number[] = [];
  return {
    opening: () => [openingChunk(shape)],
    chunk: (delta) => {
      ids.push(...delta.ids);
      const parts = split({ ...delta, finished: delta.finish !== undefined });
      const isEmpty = Object.keys(parts).length === 0;
      return isEmpty && delta.finish === undefined && !sendsIds(shape) ? undefined : chunk(shape, delta, parts, ids);
    },
    usage: () => usageChunk(shape, ids),
    whole: (delta) => wholeChat(shape, delta),
  };
}

function sendsIds({ request, knowsTokenIds }: ChatShape): boolean {
  return knowsTokenIds && request.returnTokenIds;
}

function openingChunk(shape: ChatShape): unknown {
  const { request, served } = shape;
  const delta = { role: shape.role, content: '', ...(isOlder(served) && { reasoning_content: null }) };
  return {
    ...head(shape.envelope, 'chat.completion.chunk'),
    choices: [{ index: 0, delta, logprobs: null, finish_reason: null }],
    usage: request.continuousUsage ? usageOfChunk(shape, []) : undefined,
    ...(shape.knowsTokenIds && {
      prompt_token_ids: request.returnTokenIds ? request.promptIds : null,
      prompt_text: ifNewer(served, null),
    }),
  };
}

function chunk(shape: ChatShape, delta: Delta, { content, reasoning }: PartsDelta, ids: readonly number[]): unknown {
  const { request, served } = shape;
  const { finish_reason, stop_reason } = finishFields(delta);
  const choice = {
    index: 0,
    delta: { content, reasoning, ...(isOlder(served) && { reasoning_content: reasoning ?? null }) },
    logprobs: null,
    finish_reason,
    ...(delta.finish !== undefined && { stop_reason }),
    ...(shape.knowsTokenIds && { token_ids: request.returnTokenIds ? delta.ids : null }),
  };
  const last = delta.finish !== undefined && !request.includeUsage;
  return {
    ...head(shape.envelope, 'chat.completion.chunk'),
    choices: [choice],
    usage: request.continuousUsage ? usageOfChunk(shape, ids) : undefined,
    system_fingerprint: last ? ifNewer(served, fingerprint) : undefined,
  };
}

function usageOfChunk(shape: ChatShape, ids: readonly number[]): unknown {
  return {
    ...counts(shape, ids.length),
    completion_tokens_details: ifNewer(shape.served, reasoningTokens(shape, ids)),
  };
}

/** The one chunk that leaves out what is null. */
function usageChunk(shape: ChatShape, ids: readonly number[]): unknown {
  const details = { cached_tokens: shape.cachedTokens, created_cache_tokens: ifNewer(shape.served, 0) };
  return {
    ...head(shape.envelope, 'chat.completion.chunk'),
    choices: [],
    usage: {
      ...counts(shape, ids.length),
      prompt_tokens_details: shape.served.promptTokensDetails ? details : undefined,
      completion_tokens_details: reasoningTokens(shape, ids) ?? undefined,
    },
    system_fingerprint: ifNewer(shape.served, fingerprint),
  };
}

function reasoningTokens({ parser }: ChatShape, ids: readonly number[]): { reasoning_tokens: number } | null {
  const count = parser.reasoningTokens(ids);
  return count === undefined ? null : { reasoning_tokens: count };
}

function wholeChat(shape: ChatShape, delta: Delta): unknown {
  const { request, served } = shape;
  const wanted = request.returnTokenIds;
  const choice = {
    index: 0,
    message: message(shape, delta),
    logprobs: null,
    ...finishFields(delta),
    ...(shape.knowsTokenIds && { token_ids: wanted ? delta.ids : null }),
    routed_experts: ifNewer(served, null),
  };
  const details = { cached_tokens: shape.cachedTokens, created_cache_tokens: 0, multimodal_tokens: null };
  return {
    ...head(shape.envelope, 'chat.completion'),
    choices: [choice],
    service_tier: null,
    system_fingerprint: ifNewer(served, fingerprint) ?? null,
    usage: {
      ...counts(shape, delta.ids.length),
      prompt_tokens_details: served.promptTokensDetails ? details : null,
      completion_tokens_details: ifNewer(served, reasoningTokens(shape, delta.ids)),
    },
    prompt_logprobs: null,
    ...(shape.knowsTokenIds && {
      prompt_token_ids: wanted ? request.promptIds : null,
      prompt_text: ifNewer(served, null),
    }),
    kv_transfer_params: null,
    ec_transfer_params: ifNewer(served, null),
    metrics: ifNewer(served, null),
  };
}

function message(shape: ChatShape, delta: Delta): unknown {
  const { reasoning, content } = shape.parser.whole(delta.text);
  const older = isOlder(shape.served);
  return {
    role: shape.role,
    content,
    refusal: null,
    annotations: null,
    audio: null,
    function_call: null,
    ...(older && { tool_calls: [] }),
    reasoning,
    ...(older && { reasoning_content: reasoning }),
  };
}
