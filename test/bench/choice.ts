/** The real `generate()` of transformers.js on a model that computes nothing, with a clock at both ends of the choice. */
import { fileURLToPath } from 'node:url';
import { AutoModelForCausalLM, BaseStreamer, env, Tensor, type PreTrainedModel } from '@huggingface/transformers';
import { toChoice } from '../../src/engine/embedded/choice.ts';
import type { Sampling } from '../../src/prompt/family.ts';

env.allowRemoteModels = false;
env.localModelPath = fileURLToPath(new URL('../../models', import.meta.url));

// any model has a generate(); what this one computes is replaced
const model = await AutoModelForCausalLM.from_pretrained('thinkmeter-demo', { dtype: 'q8' });

/** Each entry is one token, in the order of generation. */
export async function millisecondsPerChoice(
  logits: Float32Array,
  sampling: Sampling,
  tokens: number,
): Promise<readonly number[]> {
  model.forward = async () => ({ logits: new Tensor('float32', logits, [1, 1, logits.length]) });
  let startedAt = 0;
  const start = (_: bigint[][], given: Tensor): Tensor => {
    startedAt = performance.now();
    return given;
  };
  const taken: number[] = [];
  const choice = toChoice(sampling);
  await model.generate({
    inputs: new Tensor('int64', BigInt64Array.of(1n), [1, 1]),
    max_new_tokens: tokens,
    eos_token_id: [],
    ...choice,
    logits_processor: [start, ...(choice.logits_processor ?? [])],
    streamer: new Stopwatch(() => {
      // the first that a streamer is given is the prompt
      if (startedAt > 0) taken.push(performance.now() - startedAt);
    }),
  } as unknown as Parameters<PreTrainedModel['generate']>[0]);
  return taken;
}

class Stopwatch extends BaseStreamer {
  override put: () => void;

  constructor(put: () => void) {
    super();
    this.put = put;
  }

  override end(): void {}
}
