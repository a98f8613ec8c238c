/** What a request asks of the generation, whichever road it came by, and the checks that both roads make. */
import { z } from 'zod';
import { badRequest, unknownModel } from './answers.ts';
import { isOlder, type Served } from './served.ts';

/** The fields that both roads have. */
export const generationFields = {
  model: z.string().nullish(),
  max_tokens: z.int().nullish(),
  min_tokens: z.int().default(0),
  stream: z.boolean().nullish(),
  stream_options: z
    .looseObject({ include_usage: z.boolean().nullish(), continuous_usage_stats: z.boolean().nullish() })
    .nullish(),
  stream_interval: z.int().min(1).nullish(),
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
  stop_token_ids: z.array(z.int()).nullish(),
  include_stop_str_in_output: z.boolean().default(false),
  skip_special_tokens: z.boolean().default(true),
  return_token_ids: z.boolean().nullish(),
  // checked by itself: some servers take anything, the others have their own words
  thinking_token_budget: z.unknown().optional(),
};

type GenerationFields = z.infer<z.ZodObject<typeof generationFields>>;

export type GenerationRequest = {
  readonly promptIds: readonly number[];
  readonly maxTokens: number;
  readonly minTokens: number;
  readonly stop: readonly string[];
  readonly stopTokenIds: readonly number[];
  readonly includeStop: boolean;
  readonly skipSpecialTokens: boolean;
  readonly returnTokenIds: boolean;
  readonly stream: boolean;
  readonly streamInterval: number;
  readonly includeUsage: boolean;
  readonly continuousUsage: boolean;
  readonly thinkingBudget: number | undefined;
  /** absent: none are asked for */
  readonly logprobs?: AskedLogprobs | undefined;
};

export type AskedLogprobs = {
  /** `logprob_token_ids`, whose values come in the place of the most likely tokens' */
  readonly listed: readonly number[];
  /** `return_tokens_as_token_ids` */
  readonly asIds: boolean;
};

export function readGeneration(
  asked: GenerationFields,
  { promptIds, maxTokens, thinkingBudget }: Pick<GenerationRequest, 'promptIds' | 'maxTokens' | 'thinkingBudget'>,
  served: Served,
): GenerationRequest {
  const includeUsage = asked.stream_options?.include_usage ?? false;
  return {
    promptIds,
    maxTokens: Math.min(maxTokens, served.window - promptIds.length),
    minTokens: asked.min_tokens,
    stop: typeof asked.stop === 'string' ? [asked.stop] : (asked.stop ?? []),
    stopTokenIds: asked.stop_token_ids ?? [],
    includeStop: asked.include_stop_str_in_output,
    skipSpecialTokens: asked.skip_special_tokens,
    returnTokenIds: asked.return_token_ids ?? false,
    stream: asked.stream ?? false,
    // 0.13 did not know the field
    streamInterval: isOlder(served) ? 1 : (asked.stream_interval ?? 1),
    includeUsage,
    continuousUsage: includeUsage && (asked.stream_options?.continuous_usage_stats ?? false),
    thinkingBudget,
  };
}

export function checkModel(asked: string | null | undefined, served: string): void {
  if (asked !== undefined && asked !== null && asked !== served) throw unknownModel(asked, served);
}

export function checkOutputFits(
  param: 'max_tokens' | 'max_completion_tokens',
  maxTokens: number,
  window: number,
): void {
  if (maxTokens <= window) return;
  throw badRequest(
    `${param}=${maxTokens} cannot be greater than max_model_len=${window}. Please request fewer output tokens.`,
    { param, value: maxTokens },
  );
}

export function checkPromptFits(promptTokens: number, window: number): void {
  if (promptTokens <= window) return;
  throw badRequest(
    `This model's maximum context length is ${window} tokens. However, your prompt contains ${promptTokens} input tokens, ` +
      'which exceeds this limit even without any output tokens. Please reduce the length of the input prompt.',
    { param: 'input_tokens', value: promptTokens },
  );
}

/** Seen on vLLM 0.32, as is what it does with a sum beyond the window: it generates up to the window. */
export function checkOutputAsked(maxTokens: number): void {
  if (maxTokens >= 1) return;
  throw badRequest(`max_tokens must be at least 1, got ${maxTokens}.`, { param: 'max_tokens', value: maxTokens });
}
