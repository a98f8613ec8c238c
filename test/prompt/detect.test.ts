import { expect, test } from 'vitest';
import { detectFamily, encodeCloser } from '../../src/prompt/detect.ts';
import type { Codec } from '../../src/prompt/codec.ts';
import { loadModel } from '../support/fake-vllm/model.ts';
import { DEMO_MODELS, loadDemo } from './demo-codec.ts';

test.each([
  { model: 'thinkmeter-demo', switch: { kind: 'word', on: '/think', off: '/no_think', place: 'last' } },
  {
    model: 'thinkmeter-demo-3',
    switch: { kind: 'argument', on: { enable_thinking: true }, off: { enable_thinking: false } },
  },
] as const)('the switch of $model is found by what it does to the rendered prompt', async (row) => {
  const { codec, family: known } = loadDemo(row.model);
  const family = await detectFamily(codec);
  expect(family.switch).toEqual(row.switch);
  expect(family.closer).toEqual(known.closer);
  expect(family.sampling).toEqual({ on: {}, off: {} });
});

// in a short prompt the word itself is among the last tokens, and the prompts differ although nothing was switched
test.each(['magistral', 'deepseek-r1', 'llama-nemotron-1'] as const)(
  'a template of %s that prints the word and ignores it has no switch',
  async (look) => {
    const model = loadModel('thinkmeter-demo', look);
    const codec: Codec = {
      template: async (messages, templateArguments) =>
        model.encode(model.render(messages, { addGenerationPrompt: true, templateArguments }), {
          specialTokens: false,
        }),
      encode: async (text) => model.encode(text, { specialTokens: false }),
      decode: async (ids) => model.decode(ids, { skipSpecialTokens: false }),
    };
    expect(await detectFamily(codec)).toMatchObject({ name: 'unknown', switch: { kind: 'absent' } });
  },
);

test('a template that knows no switch makes a family without one', async () => {
  const { codec } = loadDemo('thinkmeter-demo');
  const plain: Codec = {
    ...codec,
    template: (messages) => codec.encode(messages.map(({ role, content }) => `${role}: ${content}\n`).join('')),
  };
  expect(await detectFamily(plain)).toMatchObject({ name: 'unknown', switch: { kind: 'absent' } });
});

test.each(DEMO_MODELS)('the closer of %s is encoded in both forms, without a leading <s>', async (name) => {
  const { codec, family } = loadDemo(name);
  const { afterLine, elsewhere } = await encodeCloser(family, codec);
  expect(await codec.decode(afterLine)).toBe(family.closer.afterLine);
  expect(await codec.decode(elsewhere)).toBe(family.closer.elsewhere);
});
