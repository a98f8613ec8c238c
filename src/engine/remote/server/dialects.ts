/**
 * One row per kind of server that serves Nemotron: how to recognise it, which paths to poll, how to send prompts and count
 * tokens, its budget field, and its known limitations. A new kind needs only a new row. Facts come from the sources and
 * documents named in each row; "seen on" marks what a real server did. Rows are tried in this order.
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
  /** the host name of a hosted service; undocumented paths are not polled there */
  readonly host?: string;
  /** `owned_by` of its models, or its `Server` header, if either identifies this kind */
  readonly owner?: string;
  readonly serverHeader?: string;
  /** checks the polled paths, if neither host, owner nor header identifies this kind */
  readonly recognise?: (found: Found) => boolean;
  /** its default port, if discovery may poll this port on this machine */
  readonly port?: number;
  /** matches the command lines of its processes */
  readonly program?: RegExp;
  /** side paths that show its kind, version and features */
  readonly polls: readonly string[];
  /** its handling of prompts and ids is known from a real server, so no trial token is generated */
  readonly isTrusted?: true;
  readonly version?: (found: Found) => string | undefined;
  readonly window?: (found: Found, served: ServedModel) => number | undefined;
  readonly prefixCaching?: (found: Found) => boolean | undefined;
  readonly metrics?: MetricsPage;
  /** whose format its template and tokenizer endpoints have; absent: no such endpoints */
  readonly tokenizer?: 'vllm' | 'llama.cpp';
  /**
   * How to generate from a prompt of token ids: `/v1/completions` with ids, `/v1/completions` with the decoded text, or
   * llama.cpp's own `/completion`. Absent: not possible. `fields` make the tokens countable.
   */
  readonly completions?: {
    readonly by: 'ids' | 'text' | 'llama.cpp';
    readonly fields: object;
    /** a prompt may be sent as text, and the first chunk contains its ids (seen on vLLM 0.13 and 0.32) */
    readonly showsPromptIds?: true;
  };
  /** sends usage with every chunk if the request sets `continuous_usage_stats` */
  readonly usageWithEveryChunk?: true;
  readonly chat: {
    /** `chat_template_kwargs` reaches the template */
    readonly templateArguments: boolean;
    /** fields that switch thinking, in addition to the family's own switch */
    readonly thinking: (on: boolean) => object;
    /** fields that keep special tokens in the text: without a parser the markers would be lost */
    readonly shows?: object;
    /** how the request can contain the beginning of the assistant's turn; absent: not possible, or not tested */
    readonly assistantPrefix?: readonly PrefixWay[];
  };
  /** the server's own budget */
  readonly budget?: {
    readonly on: 'completions' | 'chat' | 'both';
    readonly field: string;
    readonly fields: (tokens: number) => object;
    /** prompt tokens after the start marker count too */
    readonly countsPrompt: boolean;
    /** what the server needs for this field, such as start options */
    readonly needs: string;
    /** whether this server has the field; absent: all servers of this kind have the field */
    readonly isThere?: (found: Found) => boolean;
  };
  /** the server loads a model on its first request, and reports the loaded models */
  readonly loads?: LoadsOnDemand;
  readonly limitations: readonly { readonly of: string; readonly source: string }[];
};

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
    // if thinking is switched by an argument, llama.cpp adds an empty thinking block before a prefix (seen on commit 0c1e570)
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
    // NIM 2 uses vLLM and its routes
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
      // a budget of N allows N - 1 tokens after `<think>` and a line end (seen on 0.32)
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

/** The last row fits any server. */
const UNKNOWN = DIALECTS.at(-1) as Dialect;

/** Uses only signs that need no polling: host, owner and header. */
export function recogniseAtOnce({ host, owner, serverHeader }: Found): Dialect | undefined {
  return DIALECTS.find(
    (row) =>
      row.host === host ||
      (row.owner !== undefined && row.owner === owner) ||
      (row.serverHeader !== undefined && row.serverHeader === serverHeader),
  );
}

/** Uses the responses of the polled paths. */
export function recognise(found: Found): Dialect {
  return DIALECTS.find((row) => row.recognise?.(found) === true) ?? UNKNOWN;
}

/** Paths to poll while the kind of server is unknown. */
export const ALL_POLLS: readonly string[] = [...new Set(DIALECTS.flatMap(({ polls }) => polls))];

export function dialectNamed(name: string): Dialect {
  return DIALECTS.find((row) => row.name === name) ?? UNKNOWN;
}
