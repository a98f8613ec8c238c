/**
 * One row per kind of server that serves Nemotron: how to recognise it, which paths to poll, how to send prompts and count
 * tokens, its budget field, and its known limitations. A new kind needs only a new row. Facts come from the sources and
 * documents named in each row; "seen on" marks what a real server did. Rows are tried in this order.
 */
import type { Dialect } from './dialect.ts';
import { LEMONADE, LM_STUDIO, lmStudioOthers, OLLAMA, ollamaOthers, OLLAMA_TAGS } from './loaded.ts';
import { VLLM_METRICS } from './metrics.ts';
import { SLEEP_PATH } from './sleep.ts';
import {
  healthStatus,
  isSglang,
  knowsBudget,
  lemonadeVersion,
  nimVersion,
  ollamaVersion,
  prefixCaching,
  serverVersion,
  slotWindow,
  totalSlots,
  vllmHasBudget,
  vllmHasListedLogprobs,
} from './signs.ts';

const none = (): object => ({});
/** Token ids with every chunk, and special tokens in the text. */
const withTokenIds = { by: 'ids', fields: { return_token_ids: true, skip_special_tokens: false } } as const;

export const DIALECTS: readonly Dialect[] = [
  {
    name: 'build.nvidia.com',
    host: 'integrate.api.nvidia.com',
    polls: [],
    chat: { templateArguments: true, thinking: none },
    budget: {
      on: 'chat',
      field: 'reasoning_budget',
      fields: (tokens) => ({ reasoning_budget: tokens }),
      countsPrompt: false,
      needs: 'a Nemotron 3 or newer',
    },
    limitations: [
      {
        of: 'Nemotron Nano 2 has other fields: min_thinking_tokens and max_thinking_tokens',
        source: 'NVIDIA-AI-Blueprints/rag#100',
      },
    ],
  },
  {
    name: 'openrouter',
    host: 'openrouter.ai',
    polls: [],
    chat: { templateArguments: false, thinking: (on) => ({ reasoning: { enabled: on } }) },
    limitations: [
      {
        of: 'most providers turn reasoning.max_tokens into an effort level, so thinkmeter does not use it',
        source: 'openrouter.ai/docs',
      },
      { of: 'some providers continue to generate and bill after an abort', source: 'openrouter.ai/docs, streaming' },
    ],
  },
  {
    name: 'llama.cpp',
    owner: 'llamacpp',
    serverHeader: 'llama.cpp',
    port: 8080,
    program: /llama-server|llama_cpp/,
    polls: ['/props', '/metrics'],
    // in router mode these paths need a model, and would load it (ggml-org/llama.cpp#19346)
    pollQuery: (model) => `?model=${encodeURIComponent(model)}&autoload=false`,
    isTrusted: true,
    window: slotWindow,
    slots: totalSlots,
    metrics: {
      path: '/metrics',
      names: {
        running: 'llamacpp:requests_processing',
        waiting: 'llamacpp:requests_deferred',
        generated: 'llamacpp:tokens_predicted_total',
        speed: 'llamacpp:predicted_tokens_seconds',
      },
    },
    tokenizer: 'llama.cpp',
    completions: {
      by: 'llama.cpp',
      fields: { return_tokens: true, preserved_tokens: ['<think>', '</think>'] },
      // the most likely tokens: one token cannot be listed, also not by `logit_bias` (server-context.cpp, populate_token_probs)
      margins: { fields: () => ({ n_probs: 20, post_sampling_probs: false }) },
    },
    // if thinking is switched by an argument, llama.cpp adds an empty thinking block before a prefix (seen on commit 0c1e570)
    chat: { templateArguments: true, thinking: none, assistantPrefix: ['implicit'] },
    budget: {
      on: 'chat',
      field: 'thinking_budget_tokens',
      fields: (tokens) => ({ thinking_budget_tokens: tokens }),
      countsPrompt: false,
      needs: 'a build from 2026 or later',
    },
    limitations: [
      { of: 'token ids inside a character are not sent', source: 'tools/server/server-context.cpp' },
      { of: 'with a Nano 2 style template, the budget is silently ignored', source: 'seen on commit 0c1e570' },
      {
        of: 'with a budget of 0, thinking leaks if the template ends with <think> and a line end',
        source: 'ggml-org/llama.cpp#28356',
      },
    ],
  },
  {
    // AMD's server: one llama.cpp per model. It has Ollama's API too, so this row comes before `ollama` (its source, e385039)
    name: 'lemonade',
    owner: 'lemonade',
    recognise: ({ answers }) => LEMONADE.read(answers.get(LEMONADE.path)) !== undefined,
    port: 13_305,
    program: /\blemond\b|lemonade-server|llama-server/,
    polls: [LEMONADE.path, '/metrics'],
    version: lemonadeVersion,
    metrics: {
      path: '/metrics',
      names: {
        running: 'lemonade_llamacpp_requests_processing',
        waiting: 'lemonade_llamacpp_requests_deferred',
        generated: 'lemonade_llamacpp_tokens_predicted_total',
        speed: 'lemonade_llamacpp_predicted_tokens_seconds',
      },
    },
    completions: { by: 'ids', fields: { preserved_tokens: ['<think>', '</think>'] } },
    // a top-level `enable_thinking` or `thinking` makes Lemonade write /no_think into the question (thinking_controls.cpp)
    chat: { templateArguments: true, thinking: none, assistantPrefix: ['implicit'] },
    budget: {
      on: 'chat',
      field: 'thinking_budget_tokens',
      fields: (tokens) => ({ thinking_budget_tokens: tokens }),
      countsPrompt: false,
      needs: '`recipe: llamacpp`',
    },
    loads: LEMONADE,
    limitations: [
      { of: 'with other recipes, budget and token ids were not tested', source: 'src/cpp/server/backends' },
      { of: 'before 11.7, an error in a stream arrives as an empty stream', source: 'lemonade-sdk/lemonade#2826' },
      { of: 'before 2026-08-14, an abort waits for the next token', source: 'lemonade-sdk/lemonade#3133' },
      { of: 'with a Nano 2 style template, the budget is silently ignored', source: 'seen on llama.cpp 0c1e570' },
    ],
  },
  {
    name: 'ollama',
    recognise: (found) => ollamaVersion(found) !== undefined,
    port: 11_434,
    program: /ollama/,
    polls: ['/api/version', OLLAMA.path, OLLAMA_TAGS],
    version: ollamaVersion,
    notForChat: ollamaOthers,
    // ollama/ollama#3839: of a longer prompt, its last half window is read
    dropsLongPrompts: 'set OLLAMA_CONTEXT_LENGTH on the Ollama server, or num_ctx in the Modelfile',
    chat: { templateArguments: false, thinking: (on) => (on ? {} : { reasoning_effort: 'none' }) },
    loads: OLLAMA,
    limitations: [{ of: 'chat_template_kwargs and budgets are silently ignored', source: 'ollama/ollama#17785' }],
  },
  {
    name: 'lm-studio',
    owner: 'organization_owner',
    recognise: ({ answers }) => LM_STUDIO.read(answers.get(LM_STUDIO.path)) !== undefined,
    port: 1234,
    program: /LM Studio|lms/,
    polls: [LM_STUDIO.path],
    notForChat: lmStudioOthers,
    completions: { by: 'text', fields: {} },
    chat: { templateArguments: false, thinking: none },
    loads: LM_STUDIO,
    limitations: [{ of: 'there is no budget field', source: 'lmstudio-ai/lmstudio-bug-tracker#1974' }],
  },
  {
    name: 'sglang',
    owner: 'sglang',
    recognise: isSglang,
    port: 30_000,
    program: /sglang/,
    polls: ['/get_model_info', '/version', '/metrics'],
    version: serverVersion,
    metrics: {
      path: '/metrics',
      names: {
        running: 'sglang:num_running_reqs',
        waiting: 'sglang:num_queue_reqs',
        cacheUse: 'sglang:token_usage',
        generated: 'sglang:generation_tokens_total',
        speed: 'sglang:gen_throughput',
        firstToken: 'sglang:time_to_first_token_seconds',
      },
    },
    usageWithEveryChunk: true,
    tokenizer: 'vllm',
    completions: withTokenIds,
    chat: { templateArguments: true, thinking: none },
    budget: {
      on: 'chat',
      field: 'custom_params.thinking_budget',
      fields: (tokens) => ({ custom_params: { thinking_budget: tokens } }),
      countsPrompt: false,
      needs: '--enable-strict-thinking and --reasoning-parser',
    },
    limitations: [
      { of: '/v1/completions has no budget field', source: 'serving_completions.py' },
      { of: 'after a disconnect, decoding may continue to max_tokens', source: 'sgl-project/sglang#36333' },
    ],
  },
  {
    name: 'tensorrt-llm',
    owner: 'tensorrt_llm',
    program: /trtllm/,
    polls: ['/version'],
    version: serverVersion,
    metrics: {
      path: '/prometheus/metrics',
      names: {
        running: 'trtllm_num_requests_running',
        waiting: 'trtllm_num_requests_waiting',
        cacheUse: 'trtllm_kv_cache_utilization',
        generated: 'trtllm_generation_tokens_total',
        firstToken: 'trtllm_time_to_first_token_seconds',
      },
    },
    usageWithEveryChunk: true,
    // TensorRT-LLM rejects requests with unknown fields
    completions: { by: 'ids', fields: { skip_special_tokens: false } },
    chat: { templateArguments: true, thinking: none },
    budget: {
      on: 'both',
      field: 'thinking_token_budget',
      fields: (tokens) => ({ thinking_token_budget: tokens }),
      countsPrompt: true,
      needs: '--reasoning_parser',
    },
    limitations: [
      { of: 'with a Nano 2 style tokenizer, the start marker is not found', source: 'llmapi/thinking_budget.py' },
    ],
  },
  {
    name: 'nim-1',
    recognise: (found) => nimVersion(found)?.startsWith('1.') === true,
    polls: ['/v1/metadata'],
    version: nimVersion,
    metrics: {
      path: '/v1/metrics',
      names: {
        running: 'num_requests_running',
        waiting: 'num_requests_waiting',
        cacheUse: 'gpu_cache_usage_perc',
        generated: 'generation_tokens_total',
        firstToken: 'time_to_first_token_seconds',
      },
    },
    chat: { templateArguments: true, thinking: none },
    budget: {
      on: 'chat',
      field: 'nvext.max_thinking_tokens',
      fields: (tokens) => ({ nvext: { max_thinking_tokens: tokens } }),
      countsPrompt: false,
      needs: 'NIM_ENABLE_BUDGET_CONTROL=1',
    },
    limitations: [
      {
        of: 'the server may exceed the budget by 10 % to find a line end',
        source: 'docs.nvidia.com, NIM thinking budget control',
      },
    ],
  },
  {
    // NIM 2 uses vLLM and its routes
    name: 'vllm',
    owner: 'vllm',
    recognise: (found) => knowsBudget(found) === true,
    port: 8000,
    program: /\bvllm serve |VLLM::|vllm\.entrypoints/,
    polls: ['/version', '/openapi.json', '/metrics', SLEEP_PATH],
    isTrusted: true,
    version: serverVersion,
    prefixCaching,
    metrics: VLLM_METRICS,
    usageWithEveryChunk: true,
    tokenizer: 'vllm',
    completions: {
      ...withTokenIds,
      showsPromptIds: true,
      margins: {
        // the first request with log-probabilities waits until vLLM has compiled their ranks (17 to 26 s on a CPU, seen on 0.32)
        // the list replaces the top tokens (vllm-project/vllm#43463); without the third field, keys are texts, which may be equal
        fields: (endId) => ({ logprobs: 1, logprob_token_ids: [endId], return_tokens_as_token_ids: true }),
        isThere: vllmHasListedLogprobs,
      },
    },
    chat: {
      templateArguments: true,
      thinking: none,
      shows: { skip_special_tokens: false },
      assistantPrefix: ['implicit', 'explicit'],
    },
    budget: {
      on: 'both',
      field: 'thinking_token_budget',
      fields: (tokens) => ({ thinking_token_budget: tokens }),
      // a budget of N allows N - 1 tokens after `<think>` and a line end (seen on 0.32)
      countsPrompt: true,
      needs: '--reasoning-parser (0.19 or newer)',
      isThere: vllmHasBudget,
    },
    limitations: [
      { of: 'with a Nano 2 style tokenizer, the budget is silently ignored', source: 'seen on 0.32' },
      { of: 'speculative decoding on the V2 runner ignores the budget', source: 'vllm-project/vllm#54906' },
      { of: 'with a parser, an answer without thinking may arrive as reasoning', source: 'seen on 0.32' },
    ],
  },
  {
    name: 'transformers',
    recognise: (found) => healthStatus(found) === 'ok',
    program: /transformers serve|transformers-cli serve/,
    polls: ['/health'],
    completions: { by: 'text', fields: {} },
    chat: { templateArguments: false, thinking: none },
    limitations: [{ of: 'the thinking is part of the content, up to its end marker', source: 'seen on 5.19' }],
  },
  {
    // no features are known, so everything is tried on the server
    name: 'unknown',
    recognise: () => true,
    polls: ['/version'],
    version: serverVersion,
    metrics: VLLM_METRICS,
    tokenizer: 'vllm',
    completions: withTokenIds,
    chat: { templateArguments: true, thinking: none },
    limitations: [],
  },
];
