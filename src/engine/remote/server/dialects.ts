/**
 * The kinds of server that serve Nemotron, a row each: how one is recognised, how prompts and tokens travel, what holds
 * a budget, and what to beware of. Read off their sources and documents (named in each row); what was seen on a real
 * server says so. Rows are tried in this order.
 */
import type { PrefixWay } from '../../../prompt/family.ts';
import { LM_STUDIO, OLLAMA, type LoadsOnDemand } from './loaded.ts';
import type { Found } from './probe.ts';

export type Dialect = {
  readonly name: string;
  readonly recognise: (found: Found) => boolean;
  /** whose endpoints render conversations and tokenize; absent: none */
  readonly tokenizer?: 'vllm' | 'llama.cpp';
  /**
   * How a prompt of token ids is gone on with: `/v1/completions` by ids, or by the text of the ids, or llama.cpp's own
   * `/completion`; absent: not at all. With the fields that make tokens countable.
   */
  readonly completions?: { readonly by: 'ids' | 'text' | 'llama.cpp'; readonly fields: object };
  readonly chat: {
    /** `chat_template_kwargs` reaches the template */
    readonly templateArguments: boolean;
    /** what switches thinking besides the family's own switch */
    readonly thinking: (on: boolean) => object;
    /** usage with every chunk */
    readonly countsChunks: boolean;
    /** what shows special tokens in the text: without a parser a thought could not be told from its answer */
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
  };
  /** a model is loaded with its first request, and the server tells which ones it has */
  readonly loads?: LoadsOnDemand;
  readonly beware: readonly { readonly of: string; readonly source: string }[];
};

const none = (): object => ({});
/** Ids with every chunk, and special tokens shown. */
const byIds = { by: 'ids', fields: { return_token_ids: true, skip_special_tokens: false } } as const;

export const DIALECTS: readonly Dialect[] = [
  {
    name: 'build.nvidia.com',
    recognise: ({ host }) => host === 'integrate.api.nvidia.com',
    chat: { templateArguments: true, thinking: none, countsChunks: false },
    budget: {
      on: 'chat',
      field: 'reasoning_budget',
      fields: (tokens) => ({ reasoning_budget: tokens }),
      countsPrompt: false,
      needs: 'a Nemotron 3 or newer',
    },
    beware: [
      {
        of: 'Nano 2 takes min_thinking_tokens and max_thinking_tokens instead',
        source: 'NVIDIA-AI-Blueprints/rag#100',
      },
    ],
  },
  {
    name: 'openrouter',
    recognise: ({ host }) => host === 'openrouter.ai',
    chat: { templateArguments: false, thinking: (on) => ({ reasoning: { enabled: on } }), countsChunks: false },
    beware: [
      {
        of: 'reasoning.max_tokens becomes an effort level for most providers, so it is not used',
        source: 'openrouter.ai/docs',
      },
      { of: 'some providers generate, and bill, on after an abort', source: 'openrouter.ai/docs, streaming' },
    ],
  },
  {
    name: 'llama.cpp',
    recognise: ({ serverHeader, owner }) => serverHeader === 'llama.cpp' || owner === 'llamacpp',
    tokenizer: 'llama.cpp',
    completions: { by: 'llama.cpp', fields: { return_tokens: true, preserved_tokens: ['<think>', '</think>'] } },
    // it closes an empty thought before a prefix where thinking is switched by an argument (seen on commit 0c1e570)
    chat: { templateArguments: true, thinking: none, countsChunks: false, assistantPrefix: ['unasked'] },
    budget: {
      on: 'chat',
      field: 'thinking_budget_tokens',
      fields: (tokens) => ({ thinking_budget_tokens: tokens }),
      countsPrompt: false,
      needs: 'a build since 2026',
    },
    beware: [
      { of: 'ids within a character are not sent', source: 'tools/server/server-context.cpp' },
      { of: 'with a Nano 2 kind of template its budget is ignored in silence', source: 'seen on commit 0c1e570' },
      {
        of: 'a budget of 0 leaks thinking where the template ends in <think> and a line end',
        source: 'ggml-org/llama.cpp#28356',
      },
    ],
  },
  {
    name: 'ollama',
    recognise: ({ ollamaVersion }) => ollamaVersion !== undefined,
    chat: { templateArguments: false, thinking: (on) => (on ? {} : { reasoning_effort: 'none' }), countsChunks: false },
    loads: OLLAMA,
    beware: [{ of: 'chat_template_kwargs and budgets are ignored in silence', source: 'ollama/ollama#17785' }],
  },
  {
    name: 'lm-studio',
    recognise: ({ owner, lmStudio }) => lmStudio || owner === 'organization_owner',
    completions: { by: 'text', fields: {} },
    chat: { templateArguments: false, thinking: none, countsChunks: false },
    loads: LM_STUDIO,
    beware: [{ of: 'no budget field', source: 'lmstudio-ai/lmstudio-bug-tracker#1974' }],
  },
  {
    name: 'sglang',
    recognise: ({ owner, sglangModel }) => owner === 'sglang' || sglangModel,
    tokenizer: 'vllm',
    completions: byIds,
    chat: { templateArguments: true, thinking: none, countsChunks: true },
    budget: {
      on: 'chat',
      field: 'custom_params.thinking_budget',
      fields: (tokens) => ({ custom_params: { thinking_budget: tokens } }),
      countsPrompt: false,
      needs: '--enable-strict-thinking and --reasoning-parser',
    },
    beware: [
      { of: 'no budget on /v1/completions', source: 'serving_completions.py' },
      { of: 'closed streams may decode on to max_tokens', source: 'sgl-project/sglang#36333' },
    ],
  },
  {
    name: 'tensorrt-llm',
    recognise: ({ owner }) => owner === 'tensorrt_llm',
    // any field that it does not know is an error
    completions: { by: 'ids', fields: { skip_special_tokens: false } },
    chat: { templateArguments: true, thinking: none, countsChunks: true },
    budget: {
      on: 'both',
      field: 'thinking_token_budget',
      fields: (tokens) => ({ thinking_token_budget: tokens }),
      countsPrompt: true,
      needs: '--reasoning_parser',
    },
    beware: [{ of: 'with a Nano 2 kind of tokenizer the start is not found', source: 'llmapi/thinking_budget.py' }],
  },
  {
    name: 'nim-1',
    recognise: ({ nimVersion }) => nimVersion?.startsWith('1.') === true,
    chat: { templateArguments: true, thinking: none, countsChunks: false },
    budget: {
      on: 'chat',
      field: 'nvext.max_thinking_tokens',
      fields: (tokens) => ({ nvext: { max_thinking_tokens: tokens } }),
      countsPrompt: false,
      needs: 'NIM_ENABLE_BUDGET_CONTROL=1',
    },
    beware: [
      {
        of: 'it may go a tenth beyond the budget to find a line end',
        source: 'docs.nvidia.com, NIM thinking budget control',
      },
    ],
  },
  {
    // NIM 2 serves with vLLM and its routes
    name: 'vllm',
    recognise: ({ owner, knowsBudget }) => owner === 'vllm' || knowsBudget === true,
    tokenizer: 'vllm',
    completions: byIds,
    chat: {
      templateArguments: true,
      thinking: none,
      countsChunks: true,
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
    },
    beware: [
      { of: 'with a Nano 2 kind of tokenizer its budget is ignored in silence', source: 'seen on 0.32' },
      { of: 'speculative decoding on the V2 runner ignores the budget', source: 'vllm-project/vllm#54906' },
      { of: 'with a parser, an answer without thinking may arrive as reasoning', source: 'seen on 0.32' },
    ],
  },
  {
    name: 'transformers',
    recognise: ({ health }) => health === 'ok',
    completions: { by: 'text', fields: {} },
    chat: { templateArguments: false, thinking: none, countsChunks: false },
    beware: [{ of: 'thinking stays in the content, up to its end marker', source: 'seen on 5.19' }],
  },
  {
    // whoever it is: by trying
    name: 'unknown',
    recognise: () => true,
    tokenizer: 'vllm',
    completions: byIds,
    chat: { templateArguments: true, thinking: none, countsChunks: false },
    beware: [],
  },
];

export function dialectOf(found: Found, name?: string): Dialect {
  const dialect = DIALECTS.find((row) => (name === undefined ? row.recognise(found) : row.name === name));
  // the last row recognises everything
  return dialect as Dialect;
}
