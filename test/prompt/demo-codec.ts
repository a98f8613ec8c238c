/** What rendering needs of an engine, from the demo models' own files: the real tokenizers and the real templates. */
import { loadModel, type FakeModel, type ModelName } from '../support/fake-vllm/model.ts';
import { familyByName } from '../../src/prompt/families.ts';
import type { Family } from '../../src/prompt/family.ts';
import type { Codec } from '../../src/prompt/codec.ts';

export const DEMO_MODELS = ['thinkmeter-demo', 'thinkmeter-demo-3'] as const;

export type Demo = {
  readonly name: ModelName;
  readonly model: FakeModel;
  readonly family: Family;
  readonly codec: Codec;
  /** those of the ids that are control tokens, in order */
  controlIds(ids: readonly number[]): number[];
};

export function loadDemo(name: ModelName): Demo {
  const model = loadModel(name);
  const family = familyByName(name);
  if (family === undefined) throw new Error(`${name} has no family`);
  return {
    name,
    model,
    family,
    codec: {
      template: async (messages, templateArguments) => {
        const text = model.render(messages, { addGenerationPrompt: true, templateArguments });
        return model.encode(text, { specialTokens: false });
      },
      encode: async (text) => model.encode(text, { specialTokens: false }),
      decode: async (ids) => model.decode(ids, { skipSpecialTokens: false }),
    },
    controlIds: (ids) => ids.filter((id) => id < ADDED_TOKENS[name]),
  };
}

/** The added tokens come first in both vocabularies (tokenizer.json: `added_tokens`). */
const ADDED_TOKENS: Readonly<Record<ModelName, number>> = { 'thinkmeter-demo': 7, 'thinkmeter-demo-3': 8 };
