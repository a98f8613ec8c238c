/** How `generate()` of transformers.js chooses a token: its options, with our logits processor among them. */
import { LogitsProcessor, LogitsProcessorList, type Tensor } from '@huggingface/transformers';
import type { Sampling } from '../../prompt/family.ts';
import { applySampling } from './sampler.ts';

export type Choice = {
  readonly do_sample: boolean;
  readonly temperature: number;
  readonly top_k: number;
  readonly logits_processor: LogitsProcessorList | null;
};

export function toChoice(sampling: Sampling): Choice {
  const greedy = sampling.temperature === 0;
  const logits_processor = greedy ? null : new LogitsProcessorList();
  logits_processor?.push(new Nucleus(sampling));
  return { do_sample: !greedy, temperature: 1, top_k: 0, logits_processor };
}

class Nucleus extends LogitsProcessor {
  readonly #sampling: Sampling;

  constructor(sampling: Sampling) {
    super();
    this.#sampling = sampling;
  }

  override _call(_: bigint[][], logits: Tensor): Tensor {
    applySampling(logits.data as Float32Array, this.#sampling);
    return logits;
  }
}
