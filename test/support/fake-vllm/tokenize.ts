/** `POST /tokenize` and `POST /detokenize`. */
import { z } from 'zod';
import { badRequest } from './answers.ts';
import { parseBody } from './body.ts';
import { chatFields, renderChat } from './chat-prompt.ts';
import { checkModel } from './generation-request.ts';
import type { Served } from './served.ts';

const textBody = z
  .looseObject({
    model: z.string().nullish(),
    prompt: z.string(),
    add_special_tokens: z.boolean().default(true),
    return_token_strs: z.boolean().nullish(),
  })
  .transform((body) => ({ ...body, kind: 'text' as const }));

const chatBody = z
  .looseObject({
    model: z.string().nullish(),
    ...chatFields,
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
