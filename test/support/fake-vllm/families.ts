/**
 * How models of other families are served: templates that begin and end a prompt as the family's own template does, and
 * the control tokens in it. Written after the templates in ggml-org/llama.cpp, models/templates, and openai/harmony,
 * docs/format.md; only what concerns thinking is played.
 */
import type { Script } from './generation.ts';

export type Look = {
  readonly template: string;
  /** control tokens, one id each */
  readonly tokens: readonly string[];
  readonly start: string;
  readonly end: string;
  /** between the end of the thinking and the answer */
  readonly between: string;
};

const THINK = { start: '<think>', end: '</think>' } as const;
const each = (line: string): string => `{%- for m in messages -%}{{- ${line} -}}{%- endfor -%}`;

const LLAMA = ['<|begin_of_text|>', '<|start_header_id|>', '<|end_header_id|>', '<|eot_id|>'];
const llamaTurns = each("'<|start_header_id|>' + m['role'] + '<|end_header_id|>\n\n' + m['content'] + '<|eot_id|>'");
const llamaOpens = "{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' -}}";
const chatml = each("'<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n'");
const DEEPSEEK = ['<｜User｜>', '<｜Assistant｜>', '<think>', '</think>'];
const deepseek = each("('<｜User｜>' if m['role'] == 'user' else '') + m['content']");

export const LOOKS = {
  'llama-nemotron-1': {
    ...THINK,
    template: llamaTurns + llamaOpens,
    tokens: LLAMA,
    between: '\n\n',
  },
  'llama-nemotron-1.5': {
    ...THINK,
    // the words act in the system text only
    template: `{%- set ns = namespace(think=true) -%}{%- if '/no_think' in messages[0]['content'] -%}{%- set ns.think = false -%}{%- endif -%}${llamaTurns.replace(
      "m['content']",
      "(m['content'].replace('/no_think', '').replace('/think', '').strip() if m['role'] == 'system' else m['content'])",
    )}${llamaOpens}{{- '' if ns.think else '<think>\n\n</think>\n\n' -}}`,
    tokens: LLAMA,
    between: '\n\n',
  },
  'deepseek-r1': {
    ...THINK,
    template: `${deepseek}{{- '<｜Assistant｜><think>\n' -}}`,
    tokens: DEEPSEEK,
    between: '\n\n',
  },
  'deepseek-v3.1': {
    ...THINK,
    template: `${deepseek}{{- '<｜Assistant｜>' + ('<think>' if thinking is defined and thinking else '</think>') -}}`,
    tokens: DEEPSEEK,
    between: '',
  },
  'qwen-3-thinking': {
    ...THINK,
    template: `${chatml}{{- '<|im_start|>assistant\n<think>\n' -}}`,
    tokens: ['<|im_start|>', '<|im_end|>', '<think>', '</think>'],
    between: '\n\n',
  },
  'glm-4.5': {
    ...THINK,
    template: `{{- '[gMASK]<sop>' -}}${each("'<|' + m['role'] + '|>\n' + m['content']")}{{- '<|assistant|>' + ('\n<think></think>' if enable_thinking is defined and not enable_thinking else '') -}}`,
    tokens: ['[gMASK]', '<sop>', '<|system|>', '<|user|>', '<|assistant|>', '<think>', '</think>'],
    between: '\n',
  },
  'seed-oss': {
    start: '<seed:think>',
    end: '</seed:think>',
    template: `${each("'<seed:bos>' + m['role'] + '\n' + m['content'] + '<seed:eos>'")}{{- '<seed:bos>assistant\n' + ('<seed:think><seed:cot_budget_reflect>' if thinking_budget is defined and thinking_budget == 0 else '') -}}`,
    tokens: [
      '<seed:bos>',
      '<seed:eos>',
      '<seed:think>',
      '</seed:think>',
      '<seed:cot_budget_reflect>',
      '</seed:cot_budget_reflect>',
    ],
    between: '',
  },
  'gemma-4': {
    start: '<|channel>thought\n',
    end: '<channel|>',
    template: `{{- '<|turn>system\n' + ('<|think|>' if enable_thinking is defined and enable_thinking else '') -}}${each("('' if loop.first else '<|turn>' + m['role'] + '\n') + m['content'] + '<turn|>\n'")}{{- '<|turn>model\n' + ('' if enable_thinking is defined and enable_thinking else '<|channel>thought\n<channel|>') -}}`,
    tokens: ['<|turn>', '<turn|>', '<|channel>', '<channel|>', '<|think|>'],
    between: '',
  },
  magistral: {
    start: '[THINK]',
    end: '[/THINK]',
    template: each(
      "('[SYSTEM_PROMPT]' if m['role'] == 'system' else '[INST]') + m['content'] + ('[/SYSTEM_PROMPT]' if m['role'] == 'system' else '[/INST]')",
    ),
    tokens: ['[SYSTEM_PROMPT]', '[/SYSTEM_PROMPT]', '[INST]', '[/INST]', '[THINK]', '[/THINK]'],
    between: '',
  },
  harmony: {
    start: '<|channel|>analysis<|message|>',
    end: '<|end|>',
    template: `{{- '<|start|>system<|message|>Reasoning: ' + (reasoning_effort if reasoning_effort is defined else 'medium') + '<|end|>' -}}${each("'<|start|>' + m['role'] + '<|message|>' + m['content'] + '<|end|>'")}{{- '<|start|>assistant' -}}`,
    tokens: ['<|start|>', '<|end|>', '<|message|>', '<|channel|>', '<|return|>'],
    between: '<|start|>assistant<|channel|>final<|message|>',
  },
} as const satisfies Readonly<Record<string, Look>>;

export type LookName = keyof typeof LOOKS;

export type Turn = { readonly thought: string; readonly answer: string; readonly endless?: boolean };

/** Thinks this, once or over and over; then answers that. With the thinking closed in the prompt it only answers. */
export function thinksAs(name: LookName, { thought, answer, endless = false }: Turn): Script {
  const look: Look = LOOKS[name];
  const { start, end, between } = look;
  return function* write({ text }) {
    const state = stateOf(text, look);
    if (state === 'closed') return yield answer;
    if (state === 'none') yield start;
    yield thought;
    if (endless) for (;;) yield thought;
    yield end + between + answer;
  };
}

/** What the last turn of a prompt leaves: thinking open, closed, or not begun. */
export function stateOf(prompt: string, { start, end, between }: Look): 'open' | 'closed' | 'none' {
  const turn = prompt.slice(Math.max(0, ...TURNS.map((begins) => prompt.lastIndexOf(begins))));
  const last = (marker: string): number => (marker.trim() === '' ? -1 : turn.lastIndexOf(marker.trim()));
  const closed = Math.max(last(end), last(between.replace('<|start|>assistant', '')));
  if (closed > last(start)) return 'closed';
  return last(start) === -1 ? 'none' : 'open';
}

const TURNS = [
  '<|start_header_id|>',
  '<｜Assistant｜>',
  '<|im_start|>',
  '<|assistant|>',
  '<seed:bos>',
  '<|turn>',
  '[/INST]',
  '<|start|>',
];
