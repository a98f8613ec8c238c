/** The body of `POST /v1/completions`. */
import { z } from 'zod';
import { badRequest } from './answers.ts';
import { parseBody } from './body.ts';
import {
  checkModel,
  checkOutputAsked,
  checkOutputFits,
  checkPromptFits,
  generationFields,
  readGeneration,
  type AskedLogprobs,
  type GenerationRequest,
} from './generation-request.ts';
import { isOlder, type Served } from './served.ts';
import { readThinkingBudget } from './thinking-budget.ts';

export const completionBody = z.looseObject({
  ...generationFields,
  prompt: z.union([z.string(), z.array(z.int())], 'Input should be a string or a list of token ids'),
  add_special_tokens: z.boolean().default(true),
  logprobs: z.int().nullish(),
  logprob_token_ids: z.array(z.int()).nullish(),
  return_tokens_as_token_ids: z.boolean().nullish(),
});

export function readCompletionRequest(raw: string, served: Served): GenerationRequest {
  const asked = parseBody(raw, completionBody);
  const thinkingBudget = readThinkingBudget(asked.thinking_token_budget, served.reasoning);
  checkModel(asked.model, served.servedName);
  const promptIds =
    typeof asked.prompt === 'string'
      ? served.model.encode(asked.prompt, { specialTokens: asked.add_special_tokens })
      : asked.prompt;
  if (promptIds.length === 0) throw badRequest('You must pass at least one prompt');
  // `null` asks for whatever fits; a body without the field gets the API's old default
  const maxTokens = asked.max_tokens === null ? served.window - promptIds.length : (asked.max_tokens ?? 16);
  checkOutputFits('max_tokens', maxTokens, served.window);
  checkPromptFits(promptIds.length, served.window);
  checkOutputAsked(maxTokens);
  const stranger = promptIds.find((id) => id < 0 || id >= served.model.vocabularySize);
  if (stranger !== undefined) throw badRequest(`Token id ${stranger} is out of vocabulary`);
  return {
    ...readGeneration(asked, { promptIds, maxTokens, thinkingBudget }, served),
    logprobs: askedLogprobs(asked, served),
  };
}

/** 0.13 knows no list. */
function askedLogprobs(asked: z.infer<typeof completionBody>, served: Served): AskedLogprobs | undefined {
  if (typeof asked.logprobs !== 'number') return undefined;
  const listed = isOlder(served) ? [] : (asked.logprob_token_ids ?? []);
  return { listed, asIds: asked.return_tokens_as_token_ids ?? false };
}
