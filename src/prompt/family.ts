/**
 * Model families, one row each: markers, thinking switch, closer, sampling.
 *
 * Sources: the model cards and chat templates of NVIDIA-Nemotron-Nano-9B-v2, Nemotron 3, Qwen3 and DeepSeek-R1 (switch,
 * markers, sampling); the demo models' own card (models/README.md) for their training.
 */

/** Thinking is switched by a word in the system text, by an argument of the chat template, or not at all. */
export type ThinkingSwitch =
  | { readonly kind: 'word'; readonly on: string; readonly off: string }
  | { readonly kind: 'argument'; readonly name: string }
  | { readonly kind: 'absent' };

/** If a field is absent, the server's default applies. `temperature` 0 is greedy. */
export type Sampling = { readonly temperature?: number; readonly topP?: number };

/** The text that ends thinking after a cut: one form after a line end, another elsewhere. */
export type Closer<T> = { readonly afterLine: T; readonly elsewhere: T };

/**
 * How a template accepts a final assistant turn that begins with its reasoning. `implicit`: the template opens the turn
 * with the start marker itself. `explicit`: the template prints the turn unchanged if the request asks for a continuation.
 */
export type PrefixMode = 'implicit' | 'explicit';

export type Family = {
  readonly name: string;
  readonly startMarker: string;
  readonly endMarker: string;
  /** the chat template opens thinking at the end of a prompt; if false, the model generates the start marker */
  readonly opensInPrompt: boolean;
  readonly switch: ThinkingSwitch;
  readonly closer: Closer<string>;
  /** absent: the template drops the reasoning, or its behaviour is unknown */
  readonly assistantPrefix?: PrefixMode;
  readonly sampling: { readonly on: Sampling; readonly off: Sampling };
};

const MARKERS = { startMarker: '<think>', endMarker: '</think>' } as const;
const GREEDY: Sampling = { temperature: 0 };

const nano2: Family = {
  name: 'nemotron-nano-2',
  ...MARKERS,
  opensInPrompt: true,
  switch: { kind: 'word', on: '/think', off: '/no_think' },
  closer: { afterLine: '</think>\n\n', elsewhere: '\n</think>\n\n' },
  assistantPrefix: 'implicit',
  sampling: { on: { temperature: 0.6, topP: 0.95 }, off: GREEDY },
};

const nemotron3: Family = {
  name: 'nemotron-3',
  ...MARKERS,
  opensInPrompt: true,
  switch: { kind: 'argument', name: 'enable_thinking' },
  closer: { afterLine: '</think>\n', elsewhere: '\n</think>\n' },
  assistantPrefix: 'explicit',
  sampling: { on: { temperature: 1, topP: 1 }, off: { temperature: 1, topP: 1 } },
};

/** The model generates its start marker; the switch turns thinking off by an empty reasoning block in the prompt. */
const qwen3: Family = {
  name: 'qwen-3',
  ...MARKERS,
  opensInPrompt: false,
  switch: { kind: 'argument', name: 'enable_thinking' },
  closer: { afterLine: '</think>\n\n', elsewhere: '\n</think>\n\n' },
  sampling: { on: { temperature: 0.6, topP: 0.95 }, off: { temperature: 0.7, topP: 0.8 } },
};

/** Always thinks; the newer template opens the thinking. */
const deepseekR1: Family = {
  name: 'deepseek-r1',
  ...MARKERS,
  opensInPrompt: true,
  switch: { kind: 'absent' },
  closer: { afterLine: '</think>\n\n', elsewhere: '\n</think>\n\n' },
  sampling: { on: { temperature: 0.6, topP: 0.95 }, off: { temperature: 0.6, topP: 0.95 } },
};

export const UNKNOWN_FAMILY: Family = {
  name: 'unknown',
  ...MARKERS,
  opensInPrompt: false,
  switch: { kind: 'absent' },
  closer: { afterLine: '</think>\n\n', elsewhere: '\n</think>\n\n' },
  sampling: { on: {}, off: {} },
};

/** The demo models have the templates of Nano 2 and Nemotron 3, but are trained for greedy sampling. */
const BY_NAME: readonly { readonly pattern: RegExp; readonly family: Family }[] = [
  { pattern: /thinkmeter-demo-3$/i, family: { ...nemotron3, sampling: { on: GREEDY, off: GREEDY } } },
  { pattern: /thinkmeter-demo$/i, family: { ...nano2, sampling: { on: GREEDY, off: GREEDY } } },
  // the Japanese Nano 2 is switched by an argument instead of a word: `detectFamily` finds that
  { pattern: /nemotron-nano-(9b|12b)-v2(?!.*japanese)/i, family: nano2 },
  { pattern: /nemotron-3(\.5)?-/i, family: nemotron3 },
  { pattern: /qwen3/i, family: qwen3 },
  { pattern: /deepseek-r1/i, family: deepseekR1 },
];

/** The family with the operator's sampling, where set, instead of its own. */
export function withSampling(family: Family, by: Sampling | undefined): Family {
  return { ...family, sampling: { on: { ...family.sampling.on, ...by }, off: { ...family.sampling.off, ...by } } };
}

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

/** The end of a rendered prompt for each setting of each switch. */
export type SwitchTrial = {
  readonly argument: { on: string; off: string };
  readonly word: { on: string; off: string };
};

/**
 * The family, from the switch that changes the end of the rendered prompt. Sampling is then the server's default,
 * because several families share a switch.
 */
export function familyBySwitch(trial: SwitchTrial): Family {
  const serverDefaults = { sampling: UNKNOWN_FAMILY.sampling };
  if (trial.argument.on !== trial.argument.off)
    return { ...nemotron3, name: 'unknown (enable_thinking)', ...serverDefaults };
  if (trial.word.on !== trial.word.off) return { ...nano2, name: 'unknown (/think)', ...serverDefaults };
  return UNKNOWN_FAMILY;
}

export type ThinkingState = 'open' | 'closed' | 'none';

/** The last tokens of a prompt that show its thinking state: `<think></think>` is five in Nano 2, plus a line end. */
export const TAIL_TOKENS = 6;

/** The thinking state at the end of a prompt, from the text of its last tokens. */
export function thinkingState(tail: string, { startMarker, endMarker }: Family): ThinkingState {
  const end = tail.trimEnd();
  if (end.endsWith(startMarker)) return 'open';
  return end.endsWith(endMarker) ? 'closed' : 'none';
}
