/** What the answers of both roads have in common: the envelope, the counts, and the order in which parts come. */
import { randomBytes } from 'node:crypto';
import type { Finish } from './generation.ts';
import type { GenerationRequest } from './generation-request.ts';
import type { Served } from './served.ts';

export const fingerprint = 'vllm-0.32.0-00000000';

export type Envelope = { readonly id: string; readonly created: number; readonly model: string };

export type Shape = {
  readonly request: GenerationRequest;
  readonly served: Served;
  readonly envelope: Envelope;
  /** a server that never heard of `return_token_ids` has no such fields */
  readonly knowsTokenIds: boolean;
  readonly cachedTokens: number;
};

export type Delta = { readonly ids: readonly number[]; readonly text: string; readonly finish: Finish | undefined };

/** One answer, as JSON. It counts what passed through it. */
export type Format = {
  /** what a stream says with its first token, and before it */
  opening(): unknown[];
  /** `undefined`: nothing is sent */
  chunk(delta: Delta): unknown;
  /** the chunk after the last */
  usage(): unknown;
  whole(delta: Delta): unknown;
};

export function newEnvelope(prefix: 'cmpl' | 'chatcmpl', model: string): Envelope {
  return { id: `${prefix}-${randomBytes(8).toString('hex')}`, created: Math.floor(Date.now() / 1000), model };
}

export function head({ id, created, model }: Envelope, object: string): Record<string, unknown> {
  return { id, object, created, model };
}

export function counts({ request }: Shape, generated: number): Record<string, number> {
  const prompt = request.promptIds.length;
  return { prompt_tokens: prompt, total_tokens: prompt + generated, completion_tokens: generated };
}

export function finishFields({ finish }: Delta): Record<string, unknown> {
  return { finish_reason: finish?.reason ?? null, stop_reason: finish?.stopReason ?? null };
}
