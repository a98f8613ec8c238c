/**
 * The fake as a process of its own, for benches and process tests:
 *
 *     tsx test/support/fake-vllm/main.ts --port 0 --model thinkmeter-demo --script endless --ms-per-token 5
 *
 * Prints its address on stdout when it is ready; ends on SIGTERM or SIGINT.
 */
import { parseArgs } from 'node:util';
import { z } from 'zod';
import type { Script } from './generation.ts';
import type { Misbehaviour } from './misbehaviour.ts';
import { neverStopsThinking, thinks } from './scripts.ts';
import { startFakeVllm } from './server.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    model: { type: 'string', default: 'thinkmeter-demo' },
    'served-name': { type: 'string' },
    'api-key': { type: 'string' },
    window: { type: 'string', default: '2048' },
    script: { type: 'string', default: 'thinks' },
    thinking: { type: 'string', default: '2 + 2 is 4, and 4 is even.' },
    answer: { type: 'string', default: 'The answer is 4.' },
    'ms-per-token': { type: 'string', default: '0' },
    reasoning: { type: 'string', default: 'parser' },
    'reasoning-end': { type: 'string' },
    /** a `Misbehaviour` as JSON */
    misbehave: { type: 'string', default: '{}' },
  },
});

function scriptOf(name: string): Script {
  if (name === 'endless') return neverStopsThinking(undefined, values.answer);
  if (name === 'thinks') return thinks(values.thinking, values.answer);
  throw new Error(`--script is endless or thinks, not ${name}`);
}

if (values.model !== 'thinkmeter-demo' && values.model !== 'thinkmeter-demo-3') {
  throw new Error(`--model is thinkmeter-demo or thinkmeter-demo-3, not ${values.model}`);
}
const fake = await startFakeVllm({
  model: values.model,
  script: scriptOf(values.script),
  port: Number(values.port),
  window: Number(values.window),
  msPerToken: Number(values['ms-per-token']),
  reasoning: z.enum(['parser', 'absent', 'v2-runner', 'ignored']).parse(values.reasoning),
  misbehave: z.custom<Misbehaviour>((value) => typeof value === 'object').parse(JSON.parse(values.misbehave)),
  ...(values['served-name'] !== undefined && { servedName: values['served-name'] }),
  ...(values['reasoning-end'] !== undefined && { reasoningEnd: values['reasoning-end'] }),
  ...(values['api-key'] !== undefined && { apiKey: values['api-key'] }),
});
process.stdout.write(`${fake.url}\n`);
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    void fake.close().then(() => process.exit(0));
  });
}
