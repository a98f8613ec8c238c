/**
 * The fields of server responses that thinkmeter uses; all other fields are ignored. vLLM's formats were seen on 0.13 and
 * 0.32 (recorded exchanges: test/fixtures). If another server has a different name for a field, both are listed.
 */
import * as z from 'zod';
import type { FinishReason, Limits, Usage } from '../../engine.ts';

const servedModel = z.object({
  id: z.string(),
  root: z.string().nullish(),
  owned_by: z.string().nullish(),
  max_model_len: z.number().nullish(),
  /** llama.cpp */
  meta: z.object({ n_ctx: z.number().nullish() }).nullish(),
  /** OpenRouter, Together */
  context_length: z.number().nullish(),
  /** Groq */
  context_window: optional(z.number()),
  /** llama.cpp in router mode: `loaded`, `loading`, `unloaded`, `sleeping`, … */
  status: optional(z.object({ value: z.string() })),
  /** other names of the same model, in llama.cpp's router mode */
  aliases: optional(z.array(z.string())),
  /** Together: `chat`, `embedding`, …; Mistral has a `capabilities` object; Lemonade has labels */
  type: optional(z.string()),
  capabilities: optional(z.object({ completion_chat: z.boolean() })),
  labels: optional(z.array(z.string())),
  /** OpenRouter, and llama.cpp since 2026 */
  architecture: optional(z.object({ output_modalities: z.array(z.string()) })),
});

/** A field that only describes a model: in another format it counts as absent. */
function optional<T>(schema: z.ZodType<T>) {
  return schema.nullish().catch(undefined);
}

export type ServedModel = z.infer<typeof servedModel>;

/** `GET /v1/models`. Together returns the array without an object around it (maximhq/bifrost#6711). */
export const modelList = z.union([
  z.object({ data: z.array(servedModel) }),
  z.array(servedModel).transform((data) => ({ data })),
]);

/** `POST /tokenize`, for text and for messages */
export const tokenized = z.object({ tokens: z.array(z.int()), max_model_len: z.number().nullish() });

/** `POST /detokenize`: `prompt` in vLLM, `text` in SGLang, `content` in llama.cpp */
export const detokenized = z
  .object({ prompt: z.string(), text: z.string(), content: z.string() })
  .partial()
  .transform(({ prompt, text, content }) => prompt ?? text ?? content)
  .pipe(z.string());

/** llama.cpp's `POST /apply-template` */
export const applied = z.object({ prompt: z.string() });

const usage = z.object({
  prompt_tokens: z.int().nullish(),
  completion_tokens: z.int().nullish(),
  completion_tokens_details: z.object({ reasoning_tokens: z.int().nullish() }).nullish(),
  /** SGLang */
  reasoning_tokens: z.int().nullish(),
});

export type WireUsage = z.infer<typeof usage>;

/** An error event has neither. */
function hasContent(chunk: { choices?: unknown; usage?: unknown }): boolean {
  return (chunk.choices ?? chunk.usage ?? null) !== null;
}

/**
 * One entry per token of the chunk. The keys of `top_logprobs` are `token_id:5` if the request sets
 * `return_tokens_as_token_ids`. A probability of 0 is -9999 (vLLM's serving.py).
 */
const completionLogprobs = z.object({
  token_logprobs: z.array(z.number().nullable()),
  top_logprobs: z.array(z.record(z.string(), z.number()).nullable()),
});

export type CompletionLogprobs = z.infer<typeof completionLogprobs>;

/** A chunk of `POST /v1/completions`. Some servers send the usage without `choices` (ROCm/ATOM#1711). */
export const completionChunk = z
  .object({
    choices: z
      .array(
        z.object({
          text: z.string().nullish(),
          token_ids: z.array(z.int()).nullish(),
          /** in the first chunk, if the request asks for ids */
          prompt_token_ids: z.array(z.int()).nullish(),
          finish_reason: z.string().nullish(),
          logprobs: optional(completionLogprobs),
        }),
      )
      .nullish(),
    usage: usage.nullish(),
  })
  .refine(hasContent);

const llamaProbability = z.object({ id: z.int(), logprob: z.number() });
const llamaProbabilities = llamaProbability.extend({ top_logprobs: z.array(llamaProbability) });

export type LlamaProbabilities = z.infer<typeof llamaProbabilities>;

/** A chunk of llama.cpp's `POST /completion`. The last chunk has `stop` and no text. */
export const llamaChunk = z.object({
  content: z.string(),
  tokens: z.array(z.int()).nullish(),
  stop: z.boolean(),
  stop_type: z.string().nullish(),
  tokens_predicted: z.int().nullish(),
  tokens_evaluated: z.int().nullish(),
  /** of the chunk's last token, if the request sets `n_probs`; before 2025 in another format (ggml-org/llama.cpp#10783) */
  completion_probabilities: optional(z.array(llamaProbabilities)),
});

/** A chunk of `POST /v1/chat/completions`. Thinking is in `reasoning`; older vLLM and other servers name it `reasoning_content`. */
export const chatChunk = z
  .object({
    choices: z
      .array(
        z.object({
          delta: z
            .object({
              content: z.string().nullish(),
              reasoning: z.string().nullish(),
              reasoning_content: z.string().nullish(),
            })
            .nullish(),
          finish_reason: z.string().nullish(),
        }),
      )
      .nullish(),
    usage: usage.nullish(),
  })
  .refine(hasContent);

export function sampled({ sampling: { temperature, topP } }: Limits): object {
  return { ...(temperature !== undefined && { temperature }), ...(topP !== undefined && { top_p: topP }) };
}

export function toFinishReason(raw: string): FinishReason {
  return { raw, unified: raw === 'stop' || raw === 'length' ? raw : 'other' };
}

export function toUsage(wire: WireUsage | null | undefined): Usage | undefined {
  const { prompt_tokens: promptTokens, completion_tokens: completionTokens } = wire ?? {};
  if (typeof promptTokens !== 'number' || typeof completionTokens !== 'number' || completionTokens === 0)
    return undefined;
  const reasoningTokens = wire?.completion_tokens_details?.reasoning_tokens ?? wire?.reasoning_tokens;
  return { promptTokens, completionTokens, ...(typeof reasoningTokens === 'number' && { reasoningTokens }) };
}

/** Undefined if the text is not JSON. */
export function asJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
