/** How `generate()` of transformers.js chooses a token: its options, with our logits processor among them. */
import { LogitsProcessor, LogitsProcessorList, Tensor } from '@huggingface/transformers';
import type { Sampling } from '../../prompt/family.ts';
import { marginOf } from './margin.ts';
import { chooseToken } from './sampler.ts';

export type Choice = {
  readonly do_sample: false;
  readonly num_beams: 1;
  readonly num_return_sequences: 1;
  readonly logits_processor: LogitsProcessorList | null;
};

/** Always greedy for transformers.js, in spite of what the model's files say: what is drawn here leaves it no choice. */
export function toChoice(sampling: Sampling, watch?: Watch): Choice {
  const draw = sampling.temperature === 0 ? undefined : new Draw(sampling);
  const logits_processor = watch === undefined && draw === undefined ? null : new LogitsProcessorList();
  for (const processor of [watch, draw]) if (processor !== undefined) logits_processor?.push(processor);
  return { do_sample: false, num_beams: 1, num_return_sequences: 1, logits_processor };
}

/** Keeps a copy of a step's logits, which `Draw` overwrites. */
export class Watch extends LogitsProcessor {
  readonly #endId: number;
  #logits = new Float32Array();

  constructor(endId: number) {
    super();
    this.#endId = endId;
  }

  override _call(_: bigint[][], logits: Tensor): Tensor {
    this.#logits = (logits.data as Float32Array).slice();
    return logits;
  }

  /** Of the token that was chosen in this step. */
  marginOf(id: number): number {
    return marginOf(this.#logits, id, this.#endId);
  }
}

/** What it returns ends at the drawn token, the only possible one: transformers.js looks at every logit for the highest. */
class Draw extends LogitsProcessor {
  readonly #sampling: Sampling;

  constructor(sampling: Sampling) {
    super();
    this.#sampling = sampling;
  }

  override _call(_: bigint[][], { data }: Tensor): Tensor {
    const logits = data as Float32Array;
    const token = chooseToken(logits, this.#sampling);
    const upToToken = logits.subarray(0, token + 1).fill(-Infinity);
    upToToken[token] = 0;
    return new Tensor('float32', upToToken, [1, upToToken.length]);
  }
}
