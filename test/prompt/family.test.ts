import { expect, test } from 'vitest';
import { familyBySwitch } from '../../src/prompt/detect.ts';
import { familyByName } from '../../src/prompt/families.ts';
import { endingForOff, thinkingState, withSampling, type Family } from '../../src/prompt/family.ts';
import { DEMO_MODELS, loadDemo } from './demo-codec.ts';

test.each([
  { model: 'nvidia/NVIDIA-Nemotron-Nano-9B-v2', family: 'nemotron-nano-2' },
  { model: 'nvidia/NVIDIA-Nemotron-Nano-12B-v2', family: 'nemotron-nano-2' },
  { model: 'nvidia/NVIDIA-Nemotron-Nano-9B-v2-FP8', family: 'nemotron-nano-2' },
  { model: 'nvidia/nvidia-nemotron-nano-9b-v2', family: 'nemotron-nano-2' },
  { model: 'NVIDIA-Nemotron-Nano-9B-v2', family: 'nemotron-nano-2' },
  { model: '/srv/models/NVIDIA-Nemotron-Nano-9B-v2/', family: 'nemotron-nano-2' },
  { model: 'nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16', family: 'nemotron-3' },
  { model: 'nvidia/NVIDIA-Nemotron-3-Nano-4B', family: 'nemotron-3' },
  { model: 'nvidia/NVIDIA-Nemotron-3-Super-120B-A12B-FP8', family: 'nemotron-3' },
  { model: 'nvidia/NVIDIA-Nemotron-3.5-Nano-30B-A3B', family: 'nemotron-3' },
  { model: 'onnx-community/NVIDIA-Nemotron-3-Nano-4B-BF16-ONNX', family: 'nemotron-3' },
  { model: 'nvidia/Llama-3.1-Nemotron-Nano-8B-v1', family: 'llama-nemotron-1' },
  { model: 'nvidia/Llama-3.1-Nemotron-Nano-4B-v1.1', family: 'llama-nemotron-1' },
  { model: 'nvidia/Llama-3_1-Nemotron-Ultra-253B-v1-FP8', family: 'llama-nemotron-1' },
  { model: 'nvidia/llama-3.3-nemotron-super-49b-v1', family: 'llama-nemotron-1' },
  { model: 'nvidia_Llama-3.1-Nemotron-Nano-8B-v1-Q4_K_M.gguf', family: 'llama-nemotron-1' },
  { model: 'nvidia/Llama-3_3-Nemotron-Super-49B-v1_5', family: 'llama-nemotron-1.5' },
  { model: 'nvidia/llama-3.3-nemotron-super-49b-v1.5:free', family: 'llama-nemotron-1.5' },
  { model: 'nvidia/NVIDIA-Nemotron-3.5-Lightning-30B-A3B', family: 'nemotron-3' },
  { model: 'nemotron-3:30b', family: 'nemotron-3' },
  { model: 'Qwen/Qwen3-4B', family: 'qwen-3' },
  { model: 'Qwen/Qwen3-4B-Thinking-2507', family: 'qwen-3-thinking' },
  { model: 'qwen3-next-80b-a3b-thinking', family: 'qwen-3-thinking' },
  { model: 'Qwen/Qwen3-4B-Instruct-2507', family: 'qwen-3' },
  { model: 'Qwen/QwQ-32B', family: 'qwq' },
  { model: 'deepseek-ai/DeepSeek-R1', family: 'deepseek-r1' },
  { model: 'deepseek-ai/DeepSeek-R1-Distill-Qwen-32B', family: 'deepseek-r1' },
  // its name also contains that of its base
  { model: 'deepseek-r1-0528-qwen3-8b', family: 'deepseek-r1' },
  { model: 'deepseek-ai/DeepSeek-V3.1', family: 'deepseek-v3.1' },
  { model: 'deepseek/deepseek-chat-v3.1', family: 'deepseek-v3.1' },
  { model: 'deepseek-ai/DeepSeek-V3.2-Exp', family: 'deepseek-v3.1' },
  { model: 'openai/gpt-oss-20b', family: 'harmony' },
  { model: 'gpt-oss:120b', family: 'harmony' },
  { model: 'zai-org/GLM-4.5-Air-FP8', family: 'glm-4.5' },
  { model: 'zai-org/GLM-4.6', family: 'glm-4.5' },
  { model: 'zai-org/GLM-4.7', family: 'glm-4.7' },
  { model: 'ByteDance-Seed/Seed-OSS-36B-Instruct', family: 'seed-oss' },
  { model: 'google/gemma-4-31B-it', family: 'gemma-4' },
  { model: 'gemma4:e4b', family: 'gemma-4' },
  { model: 'mistralai/Magistral-Small-2509', family: 'magistral' },
  { model: 'thinkmeter-demo', family: 'nemotron-nano-2' },
  { model: 'thinkmeter-demo-3', family: 'nemotron-3' },
  { model: 'thinkmeter-demo-doubter', family: 'nemotron-3' },
  { model: 'models/thinkmeter-demo-doubter/', family: 'nemotron-3' },
  { model: 'thinkmeter-demo-3.gguf', family: 'nemotron-3' },
  { model: 'NVIDIA-Nemotron-Nano-9B-v2-Q4_K_M.gguf', family: 'nemotron-nano-2' },
  { model: 'thinkmeter-demo:latest', family: 'nemotron-nano-2' },
  { model: 'models/thinkmeter-demo', family: 'nemotron-nano-2' },
  { model: '/opt/thinkmeter/models/thinkmeter-demo-3/', family: 'nemotron-3' },
  { model: 'C:\\models\\thinkmeter-demo\\', family: 'nemotron-nano-2' },
])('$model is known by name as $family', ({ model, family }) => {
  expect(familyByName(model)?.name).toBe(family);
});

test.each([
  { model: 'nvidia/NVIDIA-Nemotron-Nano-9B-v2-Japanese', why: 'it is switched by an argument, not by a word' },
  { model: 'mistralai/Magistral-Small-2506', why: 'its markers are other ones, and text' },
  { model: 'deepseek-ai/DeepSeek-V3-0324', why: 'it does not think' },
  { model: 'zai-org/GLM-4.1V-9B-Thinking', why: 'its template was not read' },
  { model: 'nvidia/OpenReasoning-Nemotron-7B', why: 'it has no switch' },
  { model: 'google/gemma-3-4b-it', why: 'it is of another house' },
  { model: 'some-model', why: 'the name says nothing' },
  { model: 'thinkmeter-demo-4', why: 'there is no such demo model' },
  { model: '', why: 'there is no name' },
])('the family of "$model" is not told by its name: $why', ({ model }) => {
  expect(familyByName(model)).toBeUndefined();
});

test('the demo models are greedy, thinking or not; Nano 2 samples when it thinks', () => {
  for (const demo of [...DEMO_MODELS, 'thinkmeter-demo-doubter']) {
    expect(familyByName(demo)?.sampling).toEqual({ on: { temperature: 0 }, off: { temperature: 0 } });
  }
  expect(familyByName('nvidia/NVIDIA-Nemotron-Nano-9B-v2')?.sampling).toEqual({
    on: { temperature: 0.6, topP: 0.95 },
    off: { temperature: 0 },
  });
  expect(familyByName('nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16')?.sampling.on).toEqual({ temperature: 1, topP: 1 });
});

test("the operator's sampling takes the place of the family's where it is given, and only there", () => {
  const { family } = loadDemo('thinkmeter-demo');
  const nano2 = { ...family, sampling: { on: { temperature: 0.6, topP: 0.95 }, off: { temperature: 0 } } };
  expect(withSampling(nano2, undefined)).toEqual(nano2);
  expect(withSampling(nano2, { temperature: 0.2 }).sampling).toEqual({
    on: { temperature: 0.2, topP: 0.95 },
    off: { temperature: 0.2 },
  });
  expect(withSampling(nano2, { topP: 0.5 }).sampling.on).toEqual({ temperature: 0.6, topP: 0.5 });
});

const MARKERS = familyByName('thinkmeter-demo') as Family;
const same = { on: 'Assistant\n', off: 'Assistant\n' };
const differs = { on: '<think>\n', off: '<think></think>' };

test.each([
  { name: 'only the argument acts', argument: differs, word: same, kind: 'argument' },
  { name: 'only the word acts', argument: same, word: differs, kind: 'word' },
  { name: 'both act: the argument leaves the text alone', argument: differs, word: differs, kind: 'argument' },
  { name: 'neither acts', argument: same, word: same, kind: 'absent' },
])('the switch of an unknown model is found: $name', ({ argument, word, kind }) => {
  const family = familyBySwitch([
    { name: 'enable_thinking', ...argument },
    { name: '/think', ...word },
  ]);
  expect(family.switch.kind).toBe(kind);
  expect(family.name).toContain('unknown');
  expect(family.sampling).toEqual({ on: {}, off: {} });
});

// the ends of prompts as the templates render them (ggml-org/llama.cpp, models/templates; openai/harmony)
test.each([
  {
    like: 'deepseek-v3.1',
    name: 'thinking',
    on: '<｜Assistant｜><think>',
    off: '<｜Assistant｜></think>',
    opens: true,
  },
  {
    like: 'glm-4.5',
    name: 'enable_thinking',
    on: '<|assistant|>',
    off: '<|assistant|>\n<think></think>',
    opens: false,
  },
  {
    like: 'gemma-4',
    name: 'enable_thinking',
    on: '<|turn>model\n',
    off: '<|channel>thought\n<channel|>',
    opens: false,
  },
  {
    like: 'seed-oss',
    name: 'thinking_budget',
    on: '<seed:bos>assistant\n',
    off: '<seed:think><seed:cot_budget_reflect>',
    opens: false,
  },
])('an unknown model whose prompts end like those of $like has its markers', ({ like, name, on, off, opens }) => {
  const family = familyBySwitch([{ name, on, off }]);
  const known = familyByName(like) as Family;
  expect(family).toMatchObject({ startMarker: known.startMarker, endMarker: known.endMarker, opensInPrompt: opens });
  expect(family).toMatchObject({ name: `unknown (${name})`, switch: { kind: 'argument' } });
});

test('an unknown model whose prompts end like those of gpt-oss is read as gpt-oss', () => {
  const end = 'x<|end|><|start|>assistant';
  const family = familyBySwitch([{ name: 'enable_thinking', on: end, off: end }]);
  expect(family).toMatchObject({ endMarker: '<|end|>', header: { ends: '<|message|>' }, alwaysThinks: true });
});

test.each([
  { family: 'deepseek-r1', tail: '<think>\n', ending: '</think>\n\n' },
  { family: 'deepseek-r1', tail: '<think>', ending: '\n</think>\n\n' },
  { family: 'thinkmeter-demo', tail: '<think></think>', ending: undefined },
  { family: 'gpt-oss-20b', tail: '<|end|><|start|>assistant', ending: '<|channel|>final<|message|>' },
  { family: 'gemma-4-31b-it', tail: '<|channel>thought\n<channel|>', ending: undefined },
])('with thinking off, a prompt of $family that ends in $tail is ended by $ending', ({ family, tail, ending }) => {
  expect(endingForOff(tail, familyByName(family) as Family)).toBe(ending);
});

test.each([
  { tail: '<SPECIAL_11>Assistant\n<think>\n', state: 'open' },
  { tail: 'assistant\n<think>', state: 'open' },
  { tail: '<think>\n\n', state: 'open' },
  { tail: 'Assistant\n<think></think>', state: 'closed' },
  { tail: '<think>\n\n</think>\n\n', state: 'closed' },
  { tail: '<SPECIAL_11>Assistant\n', state: 'none' },
  { tail: '<think>\nWell', state: 'none' },
  { tail: 'x<think', state: 'none' },
  { tail: '', state: 'none' },
])('a prompt that ends in $tail leaves thinking $state', ({ tail, state }) => {
  expect(thinkingState(tail, MARKERS)).toBe(state);
});
