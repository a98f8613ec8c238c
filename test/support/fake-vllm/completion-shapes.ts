/** The JSON of `/v1/completions`: same fields, same order as recorded from 0.32.0. */
import { randomBytes } from 'node:crypto';
import type { CompletionRequest } from './completion-request.ts';
import type { Finish } from './generation.ts';

export const fingerprint = 'vllm-0.32.0-00000000';

export type Envelope = { readonly id: string; readonly created: number; readonly model: string };

export type Shape = {
  readonly request: CompletionRequest;
  readonly envelope: Envelope;
  /** a server that never heard of `return_token_ids` has no such fields */
  readonly knowsTokenIds: boolean;
  /** `--enable-prompt-tokens-details` */
  readonly promptTokensDetails: boolean;
};

export type Delta = { readonly ids: readonly number[]; readonly text: string; readonly finish: Finish | undefined };

export function newEnvelope(model: string): Envelope {
  return { id: `cmpl-${randomBytes(8).toString('hex')}`, created: Math.floor(Date.now() / 1000), model };
}

export function chunk(shape: Shape, delta: Delta, position: { first: boolean; generated: number }): unknown {
  const { request, envelope } = shape;
  const wanted = request.returnTokenIds;
  const choice = {
    index: 0,
    text: delta.text,
    logprobs: null,
    finish_reason: delta.finish?.reason ?? null,
    stop_reason: delta.finish?.stopReason ?? null,
    ...(shape.knowsTokenIds && {
      prompt_token_ids: wanted && position.first ? request.promptIds : null,
      token_ids: wanted ? delta.ids : null,
    }),
  };
  return {
    ...head(envelope),
    choices: [choice],
    ...(request.continuousUsage && { usage: usage(shape, position.generated) }),
    // it rides on the last chunk only where no usage chunk follows
    ...(delta.finish !== undefined && !request.includeUsage && { system_fingerprint: fingerprint }),
  };
}

export function usageChunk(shape: Shape, generated: number): unknown {
  return {
    ...head(shape.envelope),
    choices: [],
    usage: {
      ...usage(shape, generated),
      ...(shape.promptTokensDetails && { prompt_tokens_details: { cached_tokens: 0 } }),
    },
    system_fingerprint: fingerprint,
  };
}

export function wholeCompletion(shape: Shape, delta: Delta): unknown {
  const { request } = shape;
  const wanted = request.returnTokenIds;
  const choice = {
    index: 0,
    text: delta.text,
    logprobs: null,
    finish_reason: delta.finish?.reason ?? null,
    stop_reason: delta.finish?.stopReason ?? null,
    ...(shape.knowsTokenIds && { token_ids: wanted ? delta.ids : null }),
    prompt_logprobs: null,
    ...(shape.knowsTokenIds && { prompt_token_ids: wanted ? request.promptIds : null }),
    routed_experts: null,
  };
  const details = { cached_tokens: 0, created_cache_tokens: null, multimodal_tokens: null };
  return {
    ...head(shape.envelope),
    choices: [choice],
    service_tier: null,
    system_fingerprint: fingerprint,
    usage: {
      ...usage(shape, delta.ids.length),
      prompt_tokens_details: shape.promptTokensDetails ? details : null,
      completion_tokens_details: null,
    },
    kv_transfer_params: null,
    ec_transfer_params: null,
    metrics: null,
  };
}

function head({ id, created, model }: Envelope): Record<string, unknown> {
  return { id, object: 'text_completion', created, model };
}

function usage({ request }: Shape, generated: number): Record<string, number> {
  const prompt = request.promptIds.length;
  return { prompt_tokens: prompt, total_tokens: prompt + generated, completion_tokens: generated };
}
