import { fileURLToPath } from 'node:url';
import { createEmbeddedEngine } from '../../src/engine/embedded/engine.ts';
import { describeEngine } from '../contract/engine-contract.ts';

const worker = new URL('../../dist/worker.js', import.meta.url);

const models = [
  { model: 'thinkmeter-demo', family: 'nemotron-nano-2' },
  { model: 'thinkmeter-demo-3', family: 'nemotron-3' },
] as const;

for (const library of ['onnxruntime', 'transformers'] as const) {
  for (const { model, family } of models) {
    const folder = fileURLToPath(new URL(`../../models/${model}`, import.meta.url));
    describeEngine(`${model} in this process, by ${library}`, {
      model,
      window: 2048,
      family,
      create: async () => ({
        engine: createEmbeddedEngine({ model: folder, worker, library }),
        close: () => Promise.resolve(),
      }),
    });
  }
}
