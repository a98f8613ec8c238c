/** The body of `POST /v1/completions`, read and checked in vLLM's order. */
import { z } from 'zod';
import { badRequest, unknownModel } from './answers.ts';
import { parseBody } from './body.ts';
import type { FakeModel } from './model.ts';

const body = z.looseObject({
  model: z.string().nullish(),
  prompt: z.union([z.string(), z.array(z.int())], 'Input should be a string or a list of token ids'),
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
  add_special_tokens: z.boolean().default(true),
  return_token_ids: z.boolean().nullish(),
});

export type CompletionRequest = {
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
};

export type Served = { readonly model: FakeModel; readonly servedName: string; readonly window: number };

export function readCompletionRequest(raw: string, served: Served): CompletionRequest {
  const asked = parseBody(raw, body);
  if (asked.model !== undefined && asked.model !== null && asked.model !== served.servedName) {
    throw unknownModel(asked.model, served.servedName);
  }
  const promptIds =
    typeof asked.prompt === 'string'
      ? served.model.encode(asked.prompt, { specialTokens: asked.add_special_tokens })
      : asked.prompt;
  // `null` asks for whatever fits; a body without the field gets the API's old default
  const maxTokens = asked.max_tokens === null ? served.window - promptIds.length : (asked.max_tokens ?? 16);
  checkLengths(promptIds.length, maxTokens, served.window);
  const stranger = promptIds.find((id) => id < 0 || id >= served.model.vocabularySize);
  if (stranger !== undefined) throw badRequest(`Token id ${stranger} is out of vocabulary`);

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
    streamInterval: asked.stream_interval ?? 1,
    includeUsage,
    continuousUsage: includeUsage && (asked.stream_options?.continuous_usage_stats ?? false),
  };
}

function checkLengths(promptTokens: number, maxTokens: number, window: number): void {
  if (promptTokens === 0) throw badRequest('You must pass at least one prompt');
  if (maxTokens > window) {
    throw badRequest(
      `max_tokens=${maxTokens} cannot be greater than max_model_len=${window}. Please request fewer output tokens.`,
      { param: 'max_tokens', value: maxTokens },
    );
  }
  checkPromptFits(promptTokens, window);
  // seen on vLLM 0.32, as is what it does with a sum beyond the window: it generates up to the window
  if (maxTokens < 1) {
    throw badRequest(`max_tokens must be at least 1, got ${maxTokens}.`, { param: 'max_tokens', value: maxTokens });
  }
}

function checkPromptFits(promptTokens: number, window: number): void {
  if (promptTokens <= window) return;
  throw badRequest(
    `This model's maximum context length is ${window} tokens. However, your prompt contains ${promptTokens} input tokens, ` +
      'which exceeds this limit even without any output tokens. Please reduce the length of the input prompt.',
    { param: 'input_tokens', value: promptTokens },
  );
}
