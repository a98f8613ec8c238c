/**
 * Model families, one row each: markers, thinking switch, closer, sampling. A row names the source of its facts: the
 * model's own chat template or card, or a reader of the model's output in vLLM, SGLang or llama.cpp. Templates without
 * another address are in ggml-org/llama.cpp, models/templates. Where no source gives a sampling, the server's default
 * applies.
 */
import type { Family, Sampling } from './family.ts';

const THINK = { startMarker: '<think>', endMarker: '</think>' } as const;
/** The answer follows an empty line. */
const SPACED = { afterLine: '</think>\n\n', elsewhere: '\n</think>\n\n' } as const;
const GREEDY: Sampling = { temperature: 0 };
const SERVERS = { on: {}, off: {} } as const;
const WARM: Sampling = { temperature: 0.6, topP: 0.95 };
const ENABLE_THINKING = {
  kind: 'argument',
  on: { enable_thinking: true },
  off: { enable_thinking: false },
} as const;

/** `<|im_end|>`: ChatML, Llama 3, GLM, harmony. */
const PIPES = /<\|[^\s<>|]{1,64}\|>/g;
/** `<｜User｜>`: DeepSeek. */
const WIDE_PIPES = /<｜[^\s<>｜]{1,64}｜>/g;
/** `<|turn>` and `<turn|>`: Gemma 4. */
const HALF_PIPES = /<\|[^\s<>|]{1,64}>|<[^\s<>|]{1,64}\|>/g;
const SEED = /<\/?seed:\w{1,64}>/g;
/** Nemotron's tokenizers, which are derived from that of Mistral Nemo. */
const NEMOTRON = /<SPECIAL_\d{1,4}>|<\/?s>|<unk>|<pad>/g;
/** Mistral's tokens that open a turn, a tool call or thinking. */
const MISTRAL_TURNS = /\[\/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_RESULTS|THINK)\]|\[TOOL_CALLS\]/g;
const MISTRAL_OTHERS =
  /<\/?s>|<unk>|<pad>|\[(?:IMG|IMG_BREAK|IMG_END|PREFIX|MIDDLE|SUFFIX|ARGS|CALL_ID|TOOL_CONTENT|AUDIO|BEGIN_AUDIO)\]/g;
/** A switch word that stands alone, so not the one in `https://example.org/thinking`. */
const LONE_SWITCH = /(?<![\w/.-])\/(?:no_)?think(?![\w/.-])/g;

/** Source: the model card and chat template (NVIDIA-Nemotron-Nano-v2.jinja). */
const nano2: Family = {
  name: 'nemotron-nano-2',
  ...THINK,
  opensInPrompt: true,
  switch: { kind: 'word', on: '/think', off: '/no_think', place: 'last' },
  closer: SPACED,
  assistantPrefix: 'implicit',
  controls: [NEMOTRON, MISTRAL_TURNS],
  sampling: { on: WARM, off: GREEDY },
};

/** Also Nemotron 3.5. Source: the model cards and chat templates (NVIDIA-NeMo/Nemotron, usage-cookbook). */
const nemotron3: Family = {
  name: 'nemotron-3',
  ...THINK,
  opensInPrompt: true,
  switch: ENABLE_THINKING,
  closer: { afterLine: '</think>\n', elsewhere: '\n</think>\n' },
  assistantPrefix: 'explicit',
  controls: [PIPES, NEMOTRON, MISTRAL_TURNS],
  sampling: { on: { temperature: 1, topP: 1 }, off: { temperature: 1, topP: 1 } },
};

/**
 * The template knows no switch: the model was trained with these words first in the system text. Source:
 * docs.nvidia.com/nim/large-language-models/1.12.0/reasoning-model.html (words and sampling), langflow-ai/langflow,
 * `DETAILED_THINKING_PREFIX` (the empty line after the words).
 */
const llamaNemotron1: Family = {
  name: 'llama-nemotron-1',
  ...THINK,
  opensInPrompt: false,
  switch: { kind: 'word', on: 'detailed thinking on', off: 'detailed thinking off', place: 'first' },
  closer: SPACED,
  controls: [PIPES],
  sampling: { on: WARM, off: GREEDY },
};

/** Source: nvidia-Llama-3_3-Nemotron-Super-49B-v1_5.jinja; docs.nvidia.com/rag/2.4.0/enable-nemotron-thinking.html. */
const llamaNemotron15: Family = {
  ...llamaNemotron1,
  name: 'llama-nemotron-1.5',
  switch: { kind: 'word', on: '/think', off: '/no_think', place: 'last' },
};

/**
 * The model generates its start marker; the switch turns thinking off by an empty reasoning block in the prompt. Source:
 * the model card and chat template of Qwen3.
 */
const qwen3: Family = {
  name: 'qwen-3',
  ...THINK,
  opensInPrompt: false,
  switch: ENABLE_THINKING,
  closer: SPACED,
  controls: [PIPES],
  sampling: { on: WARM, off: { temperature: 0.7, topP: 0.8 } },
};

/** Source: deepseek-ai-DeepSeek-R1-Distill-Qwen-32B.jinja; the card of DeepSeek-R1 (sampling). */
const deepseekR1: Family = {
  name: 'deepseek-r1',
  ...THINK,
  opensInPrompt: true,
  switch: { kind: 'absent' },
  alwaysThinks: true,
  closer: SPACED,
  controls: [WIDE_PIPES],
  sampling: { on: WARM, off: WARM },
};

/** Source: the card of Qwen3-4B-Thinking-2507 ("supports only thinking mode", "automatically includes <think>"). */
const qwen3Thinking: Family = { ...deepseekR1, name: 'qwen-3-thinking', controls: [PIPES] };

/** Source: the card of QwQ-32B. */
const qwq: Family = { ...deepseekR1, name: 'qwq', controls: [PIPES] };

/**
 * V3.1 and later. The answer follows the end marker directly. Source: deepseek-ai-DeepSeek-V3.1.jinja (`thinking`),
 * DeepSeek-V3.2.jinja (`enable_thinking`), sgl-project/sglang#15294, vllm-project/vllm#25234. Both names are sent, because
 * servers ship either template.
 */
const deepseekV3: Family = {
  name: 'deepseek-v3.1',
  ...THINK,
  opensInPrompt: true,
  switch: {
    kind: 'argument',
    on: { thinking: true, enable_thinking: true },
    off: { thinking: false, enable_thinking: false },
  },
  closer: { afterLine: '</think>', elsewhere: '</think>' },
  controls: [WIDE_PIPES],
  sampling: SERVERS,
};

/** GLM 4.5 and 4.6: the model generates its start marker. Source: glm_4_5.jinja, GLM-4.6.jinja. */
const glm45: Family = {
  name: 'glm-4.5',
  ...THINK,
  opensInPrompt: false,
  switch: ENABLE_THINKING,
  closer: { afterLine: '</think>\n', elsewhere: '</think>\n' },
  controls: [PIPES, /\[gMASK\]|<sop>/g, /\/nothink(?!\w)/g],
  sampling: SERVERS,
};

/** GLM 4.7 and 5: the template opens thinking. Source: ai-dynamo/dynamo#9995 and alibaba/rtp-llm#485, which quote it. */
const glm47: Family = {
  ...glm45,
  name: 'glm-4.7',
  opensInPrompt: true,
  closer: { afterLine: '</think>', elsewhere: '</think>' },
};

/**
 * With `thinking_budget` 0 the template opens thinking and the model reports that budget in one sentence. Source:
 * ByteDance-Seed-OSS.jinja; the sentence: modelscope/ms-swift, Seed template, and withcatai/node-llama-cpp, SeedChatWrapper.
 */
const seedOss: Family = {
  name: 'seed-oss',
  startMarker: '<seed:think>',
  endMarker: '</seed:think>',
  opensInPrompt: false,
  switch: { kind: 'argument', on: { thinking_budget: -1 }, off: { thinking_budget: 0 } },
  offEnding: {
    after: '<seed:cot_budget_reflect>',
    text: 'The current thinking budget is 0, so I will directly start answering the question.</seed:cot_budget_reflect>\n</seed:think>',
  },
  closer: { afterLine: '</seed:think>', elsewhere: '</seed:think>' },
  controls: [SEED],
  sampling: SERVERS,
};

/** Source: gemma4.jinja; vllm/reasoning/gemma4_reasoning_parser.py. */
const gemma4: Family = {
  name: 'gemma-4',
  startMarker: '<|channel>thought\n',
  endMarker: '<channel|>',
  opensInPrompt: false,
  switch: ENABLE_THINKING,
  closer: { afterLine: '<channel|>', elsewhere: '<channel|>' },
  controls: [HALF_PIPES, PIPES],
  sampling: SERVERS,
};

/**
 * Thinking is asked for by instructions in the system text, not by a switch. Source: the card of Magistral-Small-2507;
 * vllm/reasoning/mistral_reasoning_parser.py.
 */
const magistral: Family = {
  name: 'magistral',
  startMarker: '[THINK]',
  endMarker: '[/THINK]',
  opensInPrompt: false,
  switch: { kind: 'absent' },
  closer: { afterLine: '[/THINK]', elsewhere: '[/THINK]' },
  controls: [MISTRAL_TURNS, MISTRAL_OTHERS],
  sampling: SERVERS,
};

/**
 * gpt-oss. A turn is a sequence of messages, each in a channel: `final` is the answer; `analysis`, and preambles in
 * `commentary`, count as thinking. Thinking cannot be switched off, but the prompt can open the final channel. Source:
 * openai/harmony, docs/format.md; vllm/reasoning/gptoss_reasoning_parser.py.
 */
const harmony: Family = {
  name: 'harmony',
  startMarker: '<|channel|>analysis<|message|>',
  endMarker: '<|end|>',
  header: { starts: ['<|start|>', '<|channel|>'], ends: '<|message|>', answer: '<|channel|>final' },
  opensInPrompt: false,
  switch: { kind: 'argument', on: { reasoning_effort: 'medium' }, off: { reasoning_effort: 'low' } },
  alwaysThinks: true,
  offEnding: { after: '<|start|>assistant', text: '<|channel|>final<|message|>' },
  closer: {
    afterLine: '<|end|><|start|>assistant<|channel|>final<|message|>',
    elsewhere: '<|end|><|start|>assistant<|channel|>final<|message|>',
  },
  controls: [PIPES],
  sampling: SERVERS,
};

/** `<s>` and `</s>` are left alone: they are also HTML, and open no turn by themselves. */
export const UNKNOWN_FAMILY: Family = {
  name: 'unknown',
  ...THINK,
  opensInPrompt: false,
  switch: { kind: 'absent' },
  closer: SPACED,
  controls: [PIPES, WIDE_PIPES, HALF_PIPES, SEED, MISTRAL_TURNS, /<SPECIAL_\d{1,4}>/g, LONE_SWITCH],
  sampling: SERVERS,
};

/** The families whose markers a template shows, for models with an unknown name. The first one is the usual one. */
export const BY_MARKERS: readonly Family[] = [nemotron3, seedOss, gemma4, harmony];
/** The family whose words a template reads. */
export const BY_WORD = nano2;
/** The family of templates with the argument `thinking`. */
export const BY_THINKING = deepseekV3;

/**
 * The first row that fits applies. A distill's name also contains its base's, so `deepseek-r1` precedes `qwen3`. The demo
 * models have the templates of Nano 2 and Nemotron 3, but are trained for greedy sampling (models/README.md).
 */
const BY_NAME: readonly { readonly pattern: RegExp; readonly family: Family }[] = [
  { pattern: /thinkmeter-demo-(3|doubter)$/i, family: { ...nemotron3, sampling: { on: GREEDY, off: GREEDY } } },
  { pattern: /thinkmeter-demo$/i, family: { ...nano2, sampling: { on: GREEDY, off: GREEDY } } },
  // the Japanese Nano 2 is switched by an argument instead of a word: `detectFamily` finds that
  { pattern: /nemotron-nano-(9b|12b)-v2(?!.*japanese)/i, family: nano2 },
  { pattern: /nemotron-3(\.5)?(?![\w.])/i, family: nemotron3 },
  { pattern: /nemotron-(nano|super|ultra)-\d+b-v1[._]5/i, family: llamaNemotron15 },
  { pattern: /nemotron-(nano|super|ultra)-\d+b-v1(?![\d_]|\.[^1])/i, family: llamaNemotron1 },
  { pattern: /deepseek-r1/i, family: deepseekR1 },
  { pattern: /deepseek-(chat-)?v(3\.[1-9]|[4-9])/i, family: deepseekV3 },
  { pattern: /qwq/i, family: qwq },
  { pattern: /qwen3.*thinking/i, family: qwen3Thinking },
  { pattern: /qwen3/i, family: qwen3 },
  { pattern: /gpt-oss/i, family: harmony },
  { pattern: /glm-4\.[56](?!\d)/i, family: glm45 },
  { pattern: /glm-(4\.[7-9]|[5-9])/i, family: glm47 },
  { pattern: /seed-oss/i, family: seedOss },
  { pattern: /gemma-?4/i, family: gemma4 },
  { pattern: /magistral-(?!small-2506|medium-2506)/i, family: magistral },
];

/** The family of a model with a known name. */
export function familyByName(model: string): Family | undefined {
  return BY_NAME.find(({ pattern }) => pattern.test(bareName(model)))?.family;
}

/** Removes trailing slashes, Ollama's tag (`nemotron:latest`) and llama.cpp's file extension. */
function bareName(model: string): string {
  return model
    .replace(/[/\\]+$/, '')
    .replace(/:[\w.-]+$/, '')
    .replace(/\.gguf$/i, '');
}
