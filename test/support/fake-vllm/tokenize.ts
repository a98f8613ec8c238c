/** `POST /tokenize` and `POST /detokenize`. */
import { z } from 'zod';
import { badRequest, unknownModel } from './answers.ts';
import { parseBody } from './body.ts';
import type { Served } from './completion-request.ts';

const textBody = z
  .looseObject({
    model: z.string().nullish(),
    prompt: z.string(),
    add_special_tokens: z.boolean().default(true),
    return_token_strs: z.boolean().nullish(),
  })
  .transform((body) => ({ ...body, kind: 'text' as const }));

const contentPart = z.looseObject({ type: z.literal('text'), text: z.string() });
const message = z.looseObject({ role: z.string(), content: z.union([z.string(), z.array(contentPart)]) });

const chatBody = z
  .looseObject({
    model: z.string().nullish(),
    messages: z.array(message),
    add_generation_prompt: z.boolean().default(true),
    add_special_tokens: z.boolean().default(false),
    chat_template_kwargs: z.record(z.string(), z.unknown()).nullish(),
    return_token_strs: z.boolean().nullish(),
  })
  .transform((body) => ({ ...body, kind: 'chat' as const }));

const idsBody = z.looseObject({ model: z.string().nullish(), tokens: z.array(z.int()) });

/** Of any length: seen on vLLM 0.32, which tokenizes two million tokens for a window of 2048. */
export function tokenize(raw: string, { model, servedName, window }: Served): unknown {
  const asked = parseBody(raw, z.union([chatBody, textBody]));
  checkModel(asked.model, servedName);
  const text = asked.kind === 'chat' ? renderChat(asked, model) : asked.prompt;
  const tokens = model.encode(text, { specialTokens: asked.add_special_tokens });
  return {
    count: tokens.length,
    max_model_len: window,
    tokens,
    token_strs: asked.return_token_strs === true ? model.tokenStrings(tokens) : null,
  };
}

export function detokenize(raw: string, { model, servedName }: Served): unknown {
  const asked = parseBody(raw, idsBody);
  checkModel(asked.model, servedName);
  const stranger = asked.tokens.find((id) => id < 0 || id >= model.vocabularySize);
  if (stranger !== undefined) throw badRequest(`Token id ${stranger} is out of vocabulary`);
  return { prompt: model.decode(asked.tokens, { skipSpecialTokens: false }) };
}

function renderChat(asked: z.infer<typeof chatBody>, model: Served['model']): string {
  if (asked.messages.length === 0) {
    throw badRequest('Cannot apply chat template to an empty conversation. Provide at least one message.');
  }
  const messages = asked.messages.map(({ role, content }) => ({
    role,
    content: typeof content === 'string' ? content : content.map((part) => part.text).join('\n'),
  }));
  return model.render(messages, {
    addGenerationPrompt: asked.add_generation_prompt,
    templateArguments: asked.chat_template_kwargs ?? {},
  });
}

function checkModel(asked: string | null | undefined, served: string): void {
  if (asked !== undefined && asked !== null && asked !== served) throw unknownModel(asked, served);
}
