import { createRemoteEngine } from '../../src/engine/remote/engine.ts';
import { describeEngine, SHORT } from '../contract/engine-contract.ts';
import type { Script } from '../support/fake-vllm/generation.ts';
import { thinks } from '../support/fake-vllm/scripts.ts';
import { startFakeVllm } from '../support/fake-vllm/server.ts';

const short = thinks('2 + 3 = 5 🙂', 'The answer is 5.');
const long = thinks('2^10 = 1024.\n3^5 = 243, 더하면 1267.\n4^3 = 64.\n1267 - 64 = 1203.', 'The answer is 1203.');

const script: Script = (prompt) => (prompt.text.includes(SHORT) ? short(prompt) : long(prompt));

const WINDOW = 1536;

for (const { model, family } of [
  { model: 'thinkmeter-demo', family: 'nemotron-nano-2' },
  { model: 'thinkmeter-demo-3', family: 'nemotron-3' },
] as const) {
  for (const idsPerChunk of [1, 3]) {
    describeEngine(`${model} on a fake vLLM, ${idsPerChunk} id(s) a chunk`, {
      model,
      window: WINDOW,
      family,
      create: async () => {
        const fake = await startFakeVllm({ model, window: WINDOW, script, msPerToken: 1, misbehave: { idsPerChunk } });
        return {
          engine: createRemoteEngine({ baseUrl: fake.url }),
          running: () => fake.running(),
          close: () => fake.close(),
        };
      },
    });
  }
}
