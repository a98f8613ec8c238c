/**
 * The choice of the next token. transformers.js 4.3 ignores `top_p` in `generate()` without a word, so temperature
 * and nucleus are applied here, to the logits, and its own are left at their neutral values.
 */
import { keepNucleus } from './nucleus.ts';

/** Scales and masks logits in place: what lies outside the nucleus becomes -Infinity. */
export function applySampling(
  logits: Float32Array,
  { temperature = 1, topP = 1 }: { temperature?: number; topP?: number },
): void {
  if (temperature !== 1)
    for (let token = 0; token < logits.length; token++) logits[token] = (logits[token] ?? 0) / temperature;
  if (topP < 1) keepNucleus(logits, topP);
}
