/**
 * The kinds of servers, a row each. From their sources and documents, as src/engine/remote/dialects.ts names them, and
 * from what was seen on a real one (transformers 5.19, llama.cpp); what nobody could see is played in the plainest way.
 */
import type { Body, Dialect } from './dialect.ts';
import { looksOf } from './looks.ts';

export const KINDS = [
  'llama.cpp',
  'lemonade',
  'sglang',
  'tensorrt-llm',
  'lm-studio',
  'ollama',
  'openrouter',
  'build.nvidia.com',
  'nim-1',
  'transformers',
] as const;

export type Kind = (typeof KINDS)[number];

const flat = (code: number, message: string): object => ({
  object: 'error',
  message,
  type: 'BadRequestError',
  param: null,
  code,
});

const within = (body: Body, field: string): Body => {
  const value = body[field];
  return typeof value === 'object' && value !== null ? (value as Body) : {};
};

const noEffort = (body: Body): boolean => body['reasoning_effort'] === 'none';
const publisher = (model: string): string => `nvidia/${model}`;

const TENSORRT_FIELDS = (
  'model messages prompt max_tokens max_completion_tokens min_tokens temperature top_p top_k n seed stop user logprobs ' +
  'stop_token_ids stream stream_options tools tool_choice chat_template_kwargs reasoning_effort thinking_token_budget ' +
  'skip_special_tokens detokenize add_special_tokens add_generation_prompt ignore_eos include_stop_str_in_output'
).split(' ');

/** Of every server that hands on what llama.cpp's own says. */
const LLAMA: Pick<Dialect, 'completions' | 'budget'> & { readonly chat: Dialect['chat'] } = {
  chat: {
    thinking: 'reasoning_content',
    templateArguments: true,
    isOff: noEffort,
    usage: 'chunk',
    // seen on commit 0c1e570
    echoes: true,
    doneLine: true,
  },
  completions: { prompt: 'ids or text', streams: 'llama.cpp' },
  budget: {
    on: 'chat',
    of: (body) => body['thinking_budget_tokens'],
    counts: 'generated',
    // seen on commit 0c1e570
    ignoredBy: 'thinkmeter-demo',
  },
};

/** What the web app answers to GET: whatever is neither the API's nor a file's (Lemonade's server.cpp). */
const WEB_APP = /^(?!\/api|\/v0|\/v1|\/static|\/live|\/status|\/internal)(?!.*\.[^/]*$)/;

export const DIALECTS: Readonly<Record<Kind, Dialect>> = {
  'llama.cpp': {
    headers: { server: 'llama.cpp' },
    looks: looksOf['llama.cpp'],
    tokenizer: 'llama.cpp',
    missing: () => ({
      status: 404,
      body: { error: { code: 404, message: 'File Not Found', type: 'not_found_error' } },
    }),
    error: (code, message) => ({ error: { code, message, type: 'invalid_request_error' } }),
    ...LLAMA,
  },
  lemonade: {
    looks: looksOf.lemonade,
    missing: (method, path) =>
      method === 'GET' && WEB_APP.test(path)
        ? { status: 200, body: '<!doctype html><title>Lemonade</title>' }
        : {
            status: 404,
            body: { error: { message: 'The requested endpoint does not exist', type: 'not_found', path } },
          },
    // a model that it does not know is refused by itself, all else by its llama.cpp
    error: (code, message) =>
      code === 404
        ? { error: { message, type: 'model_not_found', param: 'model', code: 'model_not_found' } }
        : { error: { code, message, type: 'invalid_request_error', status_code: code } },
    errorsInStream: true,
    ...LLAMA,
    chat: { ...LLAMA.chat, comment: 'ping' },
  },
  sglang: {
    looks: looksOf.sglang,
    tokenizer: 'sglang',
    error: flat,
    chat: {
      thinking: 'reasoning_content',
      // serving_chat.py, nemotron_3: enable_thinking is looked at, nothing else
      believesArguments: true,
      templateArguments: true,
      isOff: (body) => noEffort(body) || within(body, 'reasoning')['effort'] === 'none',
      // sgl-project/sglang#37365
      refuses: (body) =>
        body['return_token_ids'] === true ? 'return_token_ids is not supported when streaming' : undefined,
      usage: 'chunk',
      continuous: true,
      counts: (thinkingTokens) => ({ reasoning_tokens: thinkingTokens }),
      doneLine: true,
    },
    completions: { prompt: 'ids or text', sendsIds: true },
    budget: {
      on: 'chat',
      of: (body) => within(body, 'custom_params')['thinking_budget'],
      counts: 'generated',
    },
  },
  'tensorrt-llm': {
    looks: looksOf['tensorrt-llm'],
    tokenizer: 'tensorrt-llm',
    error: flat,
    // openai_protocol.py: extra="forbid"
    fields: TENSORRT_FIELDS,
    chat: {
      thinking: 'reasoning_content',
      templateArguments: true,
      usage: 'chunk',
      continuous: true,
      doneLine: true,
    },
    completions: { prompt: 'ids or text' },
    budget: { on: 'both', of: (body) => body['thinking_token_budget'], counts: 'from the marker' },
  },
  'lm-studio': {
    looks: looksOf['lm-studio'],
    // lmstudio-ai/lmstudio-bug-tracker#618
    missing: (method, path) => ({
      status: 200,
      body: { error: `Unexpected endpoint or method. (${method} ${path})` },
    }),
    error: (_, message) => ({ error: message }),
    chat: { thinking: 'reasoning_content', usage: 'chunk', doneLine: true },
    completions: { prompt: 'text' },
  },
  ollama: {
    nameOf: (model) => `${model}:latest`,
    looks: looksOf.ollama,
    missing: () => ({ status: 404, body: '404 page not found' }),
    error: (_, message) => ({ error: { message, type: 'invalid_request_error', param: null, code: null } }),
    chat: {
      thinking: 'reasoning',
      isOff: (body) => noEffort(body) || body['think'] === false,
      usage: 'chunk',
      zeros: true,
      doneLine: true,
    },
    completions: { prompt: 'a question' },
  },
  openrouter: {
    base: '/api',
    nameOf: publisher,
    looks: looksOf.openrouter,
    missing: () => ({ status: 404, body: { error: { message: 'Not Found', code: 404 } } }),
    error: (code, message) => ({ error: { message, code } }),
    chat: {
      thinking: 'reasoning',
      isOff: (body) => {
        const { enabled, effort } = within(body, 'reasoning');
        return enabled === false || effort === 'none' || noEffort(body);
      },
      usage: 'chunk with a choice',
      counts: (thinkingTokens) => ({ cost: 0, completion_tokens_details: { reasoning_tokens: thinkingTokens } }),
      comment: 'OPENROUTER PROCESSING',
      doneLine: true,
    },
    completions: { prompt: 'text' },
  },
  'build.nvidia.com': {
    nameOf: publisher,
    looks: looksOf['build.nvidia.com'],
    missing: () => ({ status: 404, body: '404 page not found' }),
    error: (status, detail) => ({
      type: 'urn:inference-service:problem-details:bad-request',
      title: 'Bad Request',
      status,
      detail,
    }),
    chat: { thinking: 'reasoning_content', templateArguments: true, usage: 'chunk', doneLine: true },
    budget: {
      on: 'chat',
      of: (body) => body['reasoning_budget'],
      counts: 'generated',
      // Nano 2 has two fields of its own (NVIDIA-AI-Blueprints/rag#100)
      refusedBy: 'thinkmeter-demo',
    },
  },
  'nim-1': {
    nameOf: publisher,
    looks: looksOf['nim-1'],
    error: flat,
    chat: { thinking: 'reasoning_content', templateArguments: true, usage: 'chunk', doneLine: true },
    completions: { prompt: 'text' },
    budget: { on: 'chat', of: (body) => within(body, 'nvext')['max_thinking_tokens'], counts: 'generated' },
  },
  transformers: {
    headers: { 'x-request-id': 'a-request' },
    looks: looksOf.transformers,
    error: (_, detail) => ({ detail }),
    chat: { usage: 'last', doneLine: false, answersAs: (name) => `${name}@main` },
    completions: { prompt: 'text' },
  },
};
