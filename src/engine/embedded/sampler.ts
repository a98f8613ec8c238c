/**
 * Samples the next token. transformers.js 4.3 silently ignores `top_p` in `generate()`. Temperature and nucleus are
 * therefore applied to the logits here, and the library's own settings stay neutral.
 */
import { keepNucleus } from './nucleus.ts';

/** Scales and masks logits in place: those outside the nucleus become -Infinity. */
export function applySampling(
  logits: Float32Array,
  { temperature = 1, topP = 1 }: { temperature?: number; topP?: number },
): void {
  if (temperature !== 1)
    for (let token = 0; token < logits.length; token++) logits[token] = (logits[token] ?? 0) / temperature;
  if (topP < 1) keepNucleus(logits, topP);
}
