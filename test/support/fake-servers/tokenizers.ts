/** The endpoints that lend a server's tokenizer and template. */
import * as z from 'zod';
import { renderChat } from '../fake-vllm/chat-prompt.ts';
import type { Body } from './dialect.ts';
import type { Host } from './host.ts';
import { parsed } from './request.ts';

type Post = (host: Host, body: Body) => unknown;

const messages = {
  messages: z.array(z.looseObject({ role: z.string(), content: z.string() })),
  chat_template_kwargs: z.record(z.string(), z.unknown()).nullish(),
};
const ids = z.looseObject({ tokens: z.array(z.int()), skip_special_tokens: z.boolean().default(true) });
const text = z.looseObject({ prompt: z.string(), add_special_tokens: z.boolean().default(true) });
const chat = z.looseObject(messages);
const content = z.looseObject({ content: z.string(), add_special: z.boolean().default(false) });

function rendered({ model }: Host, asked: z.infer<typeof chat>): string {
  return renderChat({ ...asked, continue_final_message: false, add_special_tokens: false }, model);
}

const sglangTokenize: Post = (host, body) => {
  const { model, window, options } = host;
  // sgl-project/sglang#23981
  const messagesGiven = options.old !== true && 'messages' in body;
  const { prompt, add_special_tokens: specialTokens } = messagesGiven
    ? { prompt: rendered(host, parsed(chat, body)), add_special_tokens: false }
    : parsed(text, body);
  const tokens = model.encode(prompt, { specialTokens });
  return { tokens, count: tokens.length, max_model_len: window };
};

const sglangDetokenize: Post = ({ model }, body) => {
  const { tokens, skip_special_tokens: skip } = parsed(ids, body);
  return { text: model.decode(tokens, { skipSpecialTokens: skip }) };
};

export const TOKENIZERS: Readonly<Record<'sglang' | 'llama.cpp' | 'tensorrt-llm', Readonly<Record<string, Post>>>> = {
  sglang: {
    '/tokenize': sglangTokenize,
    '/v1/tokenize': sglangTokenize,
    '/detokenize': sglangDetokenize,
    '/v1/detokenize': sglangDetokenize,
  },
  'llama.cpp': {
    '/tokenize': ({ model }, body) => {
      const { content: given, add_special: special } = parsed(content, body);
      return { tokens: model.encode(given, { specialTokens: special }) };
    },
    '/detokenize': ({ model }, body) => ({
      content: model.decode(parsed(ids, body).tokens, { skipSpecialTokens: false }),
    }),
    '/apply-template': (host, body) => ({ prompt: rendered(host, parsed(chat, body)) }),
  },
  'tensorrt-llm': {
    '/_internal/tokenize': ({ model }, body) => {
      const { prompt, add_special_tokens: special } = parsed(text, body);
      const tokens = model.encode(prompt, { specialTokens: special });
      return { count: tokens.length, tokens };
    },
  },
};
