/**
 * The choice of the next token. transformers.js 4.3 ignores `top_p` in `generate()` without a word, and its sampler sorts
 * the vocabulary for every token, which takes 10 to 20 ms at 131,072. So temperature, nucleus and draw are done here.
 */
import { EngineProtocolError } from '../../errors.ts';
import type { Sampling } from '../../prompt/family.ts';
import { fillBins } from './bins.ts';
import { draw } from './draw.ts';
import { type Extent, extentOf } from './extent.ts';
import { findNucleus, nucleusOfEqual, type Nucleus } from './nucleus.ts';

/** `random` returns numbers from 0 up to, but without, 1. */
export function chooseToken(logits: Float32Array, sampling: Sampling, random: () => number = Math.random): number {
  return draw(logits, nucleusOf(logits, sampling), random);
}

/** The tokens that can be chosen. A logit that is NaN becomes -Infinity. */
export function nucleusOf(logits: Float32Array, { temperature = 1, topP = 1 }: Sampling): Nucleus {
  const extent = extentOfPossible(logits);
  const { highest, lowest } = extent;
  if (highest === -Infinity)
    throw new EngineProtocolError(`no token is possible: all ${logits.length} logits are NaN or -Infinity`);
  // compared with an infinite logit, no finite one has a chance
  if (highest === lowest || highest === Infinity) return nucleusOfEqual(logits, highest, topP);
  const bins = fillBins(logits, extent, { weighsOne: highest, temperature: computable(temperature) });
  return findNucleus(logits, bins, topP);
}

/** NaN becomes -Infinity: a token about which nothing is known is not chosen. */
function extentOfPossible(logits: Float32Array): Extent {
  const extent = extentOf(logits);
  if (!Number.isNaN(extent.highest)) return extent;
  for (let token = 0; token < logits.length; token++) if (Number.isNaN(logits[token])) logits[token] = -Infinity;
  return extentOf(logits);
}

/** Beyond these limits no probability changes any more, but the width of a bin becomes 0 or infinite. */
function computable(temperature: number): number {
  return Math.min(Math.max(temperature, 1e-100), 1e100);
}
