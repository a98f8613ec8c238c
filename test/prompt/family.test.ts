import { expect, test } from 'vitest';
import { familyByName, familyBySwitch, thinkingState, withSampling, type Family } from '../../src/prompt/family.ts';
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
  { model: 'thinkmeter-demo', family: 'nemotron-nano-2' },
  { model: 'thinkmeter-demo-3', family: 'nemotron-3' },
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
  { model: 'nvidia/Llama-3.1-Nemotron-Nano-8B-v1', why: 'it is of an older kind' },
  { model: 'nvidia/Llama-3_3-Nemotron-Super-49B-v1_5', why: 'it is of an older kind' },
  { model: 'nvidia/OpenReasoning-Nemotron-7B', why: 'it has no switch' },
  { model: 'google/gemma-3-4b-it', why: 'it is of another house' },
  { model: 'some-model', why: 'the name says nothing' },
  { model: 'thinkmeter-demo-4', why: 'there is no such demo model' },
  { model: '', why: 'there is no name' },
])('the family of "$model" is not told by its name: $why', ({ model }) => {
  expect(familyByName(model)).toBeUndefined();
});

test('the demo models are greedy, thinking or not; Nano 2 samples when it thinks', () => {
  for (const demo of DEMO_MODELS) {
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
  const family = familyBySwitch({ argument, word });
  expect(family.switch.kind).toBe(kind);
  expect(family.name).toContain('unknown');
  expect(family.sampling).toEqual({ on: {}, off: {} });
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
