/** The JSON of `/v1/completions`: same fields, same order as recorded. */
import { counts, fingerprint, finishFields, head, type Delta, type Format, type Shape } from './answer-format.ts';
import { createLogprobs, type Logprobs } from './logprobs.ts';
import { ifNewer, isOlder } from './served.ts';

export function createTextFormat(shape: Shape): Format {
  let first = true;
  let generated = 0;
  const logprobs = createLogprobs(shape);
  return {
    opening: () => [],
    chunk: (delta) => {
      generated += delta.ids.length;
      const body = chunk(shape, delta, { first, generated, logprobs: logprobs(delta.ids) });
      first = false;
      return body;
    },
    usage: () => usageChunk(shape, generated),
    whole: (delta) => wholeCompletion(shape, delta, logprobs(delta.ids)),
  };
}

type Position = { readonly first: boolean; readonly generated: number; readonly logprobs: Logprobs | null };

function chunk(shape: Shape, delta: Delta, position: Position): unknown {
  const { request } = shape;
  const wanted = request.returnTokenIds;
  const choice = {
    index: 0,
    text: delta.text,
    logprobs: position.logprobs,
    ...finishFields(delta),
    ...(shape.knowsTokenIds && {
      prompt_token_ids: wanted && position.first ? request.promptIds : null,
      token_ids: wanted ? delta.ids : null,
    }),
  };
  // it rides on the last chunk only where no usage chunk follows
  const last = delta.finish !== undefined && !request.includeUsage;
  return {
    ...head(shape.envelope, 'text_completion'),
    choices: [choice],
    usage: usageOfChunk(shape, position.generated),
    system_fingerprint: last ? ifNewer(shape.served, fingerprint) : undefined,
  };
}

function usageOfChunk(shape: Shape, generated: number): unknown {
  const older = isOlder(shape.served);
  if (!shape.request.continuousUsage) return older ? null : undefined;
  return { ...counts(shape, generated), ...(older && { prompt_tokens_details: null }) };
}

function usageChunk(shape: Shape, generated: number): unknown {
  return {
    ...head(shape.envelope, 'text_completion'),
    choices: [],
    usage: {
      ...counts(shape, generated),
      ...(shape.served.promptTokensDetails && { prompt_tokens_details: { cached_tokens: shape.cachedTokens } }),
    },
    system_fingerprint: ifNewer(shape.served, fingerprint),
  };
}

function wholeCompletion(shape: Shape, delta: Delta, logprobs: Logprobs | null): unknown {
  const { request, served } = shape;
  const wanted = request.returnTokenIds;
  const choice = {
    index: 0,
    text: delta.text,
    logprobs,
    ...finishFields(delta),
    ...(shape.knowsTokenIds && { token_ids: wanted ? delta.ids : null }),
    prompt_logprobs: null,
    ...(shape.knowsTokenIds && { prompt_token_ids: wanted ? request.promptIds : null }),
    routed_experts: ifNewer(served, null),
  };
  const details = { cached_tokens: shape.cachedTokens, created_cache_tokens: null, multimodal_tokens: null };
  return {
    ...head(shape.envelope, 'text_completion'),
    choices: [choice],
    service_tier: null,
    system_fingerprint: ifNewer(served, fingerprint) ?? null,
    usage: {
      ...counts(shape, delta.ids.length),
      prompt_tokens_details: served.promptTokensDetails ? details : null,
      completion_tokens_details: ifNewer(served, null),
    },
    kv_transfer_params: null,
    ec_transfer_params: ifNewer(served, null),
    metrics: ifNewer(served, null),
  };
}
