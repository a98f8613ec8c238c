/**
 * The kinds of server that serve Nemotron, a row each: how one is recognised, what is polled there, how prompts and tokens
 * travel, what holds a budget, and its known limitations. A new kind is a new row and nothing else. Read off their sources
 * and documents (named in each row); what was seen on a real server says so. Rows are tried in this order.
 */
import type { PrefixWay } from '../../../prompt/family.ts';
import type { ServedModel } from '../http/wire.ts';
import { LEMONADE, LM_STUDIO, OLLAMA, type LoadsOnDemand } from './loaded.ts';
import { VLLM_METRICS, type MetricsPage } from './metrics.ts';
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
  vllmHasBudget,
  type Found,
} from './signs.ts';

export type Dialect = {
  readonly name: string;
  /** of a hosted service: nothing is polled there that is not documented */
  readonly host?: string;
  /** `owned_by` of its models, or its `Server` header, if either is a certain sign */
  readonly owner?: string;
  readonly serverHeader?: string;
  /** by what the polled paths answer, if neither host, owner nor header is a sign */
  readonly recognise?: (found: Found) => boolean;
  /** the port that it usually has, if it may be looked for on this machine */
  readonly port?: number;
  /** its processes, by their command lines */
  readonly program?: RegExp;
  /** side paths that show what it is and what it can do */
  readonly polls: readonly string[];
  /** what it does with prompts and ids is known from a real one: it is not tried out with a token */
  readonly isTrusted?: true;
  readonly version?: (found: Found) => string | undefined;
  readonly window?: (found: Found, served: ServedModel) => number | undefined;
  readonly prefixCaching?: (found: Found) => boolean | undefined;
  readonly metrics?: MetricsPage;
  /** whose endpoints render conversations and tokenize; absent: none */
  readonly tokenizer?: 'vllm' | 'llama.cpp';
  /**
   * How a prompt of token ids is continued: `/v1/completions` by ids, or by the text of the ids, or llama.cpp's own
   * `/completion`; absent: not at all. With the fields that make tokens countable.
   */
  readonly completions?: {
    readonly by: 'ids' | 'text' | 'llama.cpp';
    readonly fields: object;
    /** a prompt may go as text, and its ids come with the first chunk (seen on vLLM 0.13 and 0.32) */
    readonly showsPromptIds?: true;
  };
  /** sends usage with every chunk, if it is asked to */
  readonly usageWithEveryChunk?: true;
  readonly chat: {
    /** `chat_template_kwargs` reaches the template */
    readonly templateArguments: boolean;
    /** what switches thinking besides the family's own switch */
    readonly thinking: (on: boolean) => object;
    /** what shows special tokens in the text: without a parser thinking could not be told from its answer */
    readonly shows?: object;
    /** how the beginning of the assistant's turn can be handed over; absent: not at all, or it was not tried */
    readonly assistantPrefix?: readonly PrefixWay[];
  };
  /** the server's own budget */
  readonly budget?: {
    readonly on: 'completions' | 'chat' | 'both';
    readonly field: string;
    readonly fields: (tokens: number) => object;
    /** tokens of the prompt behind the start marker count as well */
    readonly countsPrompt: boolean;
    /** what the server has to be started with */
    readonly needs: string;
    /** whether this one knows the field; absent: all of them do */
    readonly isThere?: (found: Found) => boolean;
  };
  /** a model is loaded with its first request, and the server reports which ones it has */
  readonly loads?: LoadsOnDemand;
  readonly limitations: readonly { readonly of: string; readonly source: string }[];
};

const none = (): object => ({});
/** Ids with every chunk, and special tokens shown. */
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
        of: 'Nano 2 takes min_thinking_tokens and max_thinking_tokens instead',
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
        of: 'reasoning.max_tokens becomes an effort level for most providers, so it is not used',
        source: 'openrouter.ai/docs',
      },
      { of: 'some providers generate, and bill, on after an abort', source: 'openrouter.ai/docs, streaming' },
    ],
  },
  {
    name: 'llama.cpp',
    owner: 'llamacpp',
    serverHeader: 'llama.cpp',
    port: 8080,
    program: /llama-server|llama_cpp/,
    polls: ['/props', '/metrics'],
    isTrusted: true,
    window: slotWindow,
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
    completions: { by: 'llama.cpp', fields: { return_tokens: true, preserved_tokens: ['<think>', '</think>'] } },
    // it closes an empty thought before a prefix where thinking is switched by an argument (seen on commit 0c1e570)
    chat: { templateArguments: true, thinking: none, assistantPrefix: ['unasked'] },
    budget: {
      on: 'chat',
      field: 'thinking_budget_tokens',
      fields: (tokens) => ({ thinking_budget_tokens: tokens }),
      countsPrompt: false,
      needs: 'a build since 2026',
    },
    limitations: [
      { of: 'ids within a character are not sent', source: 'tools/server/server-context.cpp' },
      { of: 'with a Nano 2 kind of template its budget is ignored in silence', source: 'seen on commit 0c1e570' },
      {
        of: 'a budget of 0 leaks thinking where the template ends in <think> and a line end',
        source: 'ggml-org/llama.cpp#28356',
      },
    ],
  },
  {
    // AMD's: a llama.cpp for each model, and Ollama's API as well, so that it stands before that (its source, e385039)
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
    // a top-level `enable_thinking` or `thinking` writes /no_think into the question (thinking_controls.cpp)
    chat: { templateArguments: true, thinking: none, assistantPrefix: ['unasked'] },
    budget: {
      on: 'chat',
      field: 'thinking_budget_tokens',
      fields: (tokens) => ({ thinking_budget_tokens: tokens }),
      countsPrompt: false,
      needs: '`recipe: llamacpp`',
    },
    loads: LEMONADE,
    limitations: [
      { of: 'recipes other than llamacpp: its budget and token ids were not tried', source: 'src/cpp/server/backends' },
      { of: 'all downloaded models are listed: set THINKMETER_MODEL', source: 'src/cpp/server/server.cpp' },
      { of: 'before 11.7 an error in a stream arrives as an empty stream', source: 'lemonade-sdk/lemonade#2826' },
      { of: 'before 2026-08-14 an abort waits for the next token', source: 'lemonade-sdk/lemonade#3133' },
      { of: 'with a Nano 2 kind of template its budget is ignored in silence', source: 'seen on llama.cpp 0c1e570' },
    ],
  },
  {
    name: 'ollama',
    recognise: (found) => ollamaVersion(found) !== undefined,
    port: 11_434,
    program: /ollama/,
    polls: ['/api/version', OLLAMA.path],
    version: ollamaVersion,
    chat: { templateArguments: false, thinking: (on) => (on ? {} : { reasoning_effort: 'none' }) },
    loads: OLLAMA,
    limitations: [{ of: 'chat_template_kwargs and budgets are ignored in silence', source: 'ollama/ollama#17785' }],
  },
  {
    name: 'lm-studio',
    owner: 'organization_owner',
    recognise: ({ answers }) => LM_STUDIO.read(answers.get(LM_STUDIO.path)) !== undefined,
    port: 1234,
    program: /LM Studio|lms/,
    polls: [LM_STUDIO.path],
    completions: { by: 'text', fields: {} },
    chat: { templateArguments: false, thinking: none },
    loads: LM_STUDIO,
    limitations: [{ of: 'no budget field', source: 'lmstudio-ai/lmstudio-bug-tracker#1974' }],
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
      { of: 'no budget on /v1/completions', source: 'serving_completions.py' },
      { of: 'closed streams may decode on to max_tokens', source: 'sgl-project/sglang#36333' },
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
    // any field that it does not know is an error
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
      { of: 'with a Nano 2 kind of tokenizer the start is not found', source: 'llmapi/thinking_budget.py' },
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
        of: 'it may go a tenth beyond the budget to find a line end',
        source: 'docs.nvidia.com, NIM thinking budget control',
      },
    ],
  },
  {
    // NIM 2 serves with vLLM and its routes
    name: 'vllm',
    owner: 'vllm',
    recognise: (found) => knowsBudget(found) === true,
    port: 8000,
    program: /\bvllm serve |VLLM::|vllm\.entrypoints/,
    polls: ['/version', '/openapi.json', '/metrics'],
    isTrusted: true,
    version: serverVersion,
    prefixCaching,
    metrics: VLLM_METRICS,
    usageWithEveryChunk: true,
    tokenizer: 'vllm',
    completions: { ...withTokenIds, showsPromptIds: true },
    chat: {
      templateArguments: true,
      thinking: none,
      shows: { skip_special_tokens: false },
      assistantPrefix: ['unasked', 'asked'],
    },
    budget: {
      on: 'both',
      field: 'thinking_token_budget',
      fields: (tokens) => ({ thinking_token_budget: tokens }),
      // N in the field is N - 1 tokens behind `<think>` and a line end (seen on 0.32)
      countsPrompt: true,
      needs: '--reasoning-parser (0.19 or newer)',
      isThere: vllmHasBudget,
    },
    limitations: [
      { of: 'with a Nano 2 kind of tokenizer its budget is ignored in silence', source: 'seen on 0.32' },
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
    limitations: [{ of: 'thinking stays in the content, up to its end marker', source: 'seen on 5.19' }],
  },
  {
    // whoever it is: by trying
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

/** The last row is whatever no other row fits. */
const UNKNOWN = DIALECTS.at(-1) as Dialect;

/** By certain signs alone: host, owner, header. */
export function recogniseAtOnce({ host, owner, serverHeader }: Found): Dialect | undefined {
  return DIALECTS.find(
    (row) =>
      row.host === host ||
      (row.owner !== undefined && row.owner === owner) ||
      (row.serverHeader !== undefined && row.serverHeader === serverHeader),
  );
}

/** By what the polled paths answered. */
export function recognise(found: Found): Dialect {
  return DIALECTS.find((row) => row.recognise?.(found) === true) ?? UNKNOWN;
}

/** What is polled where nothing is certain yet. */
export const ALL_POLLS: readonly string[] = [...new Set(DIALECTS.flatMap(({ polls }) => polls))];

export function dialectNamed(name: string): Dialect {
  return DIALECTS.find((row) => row.name === name) ?? UNKNOWN;
}
