/**
 * The choice of the next token. transformers.js 4.3 ignores `top_p` in `generate()` without a word, so temperature
 * and nucleus are applied here, to the logits, and its own are left at their neutral values.
 */

/** Scales and masks logits in place: what lies outside the nucleus becomes -Infinity. */
export function applySampling(
  logits: Float32Array,
  { temperature = 1, topP = 1 }: { temperature?: number; topP?: number },
): void {
  if (temperature !== 1)
    for (let token = 0; token < logits.length; token++) logits[token] = (logits[token] ?? 0) / temperature;
  if (topP >= 1) return;
  const order = Array.from(logits, (_, token) => token).toSorted((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0));
  const highest = logits[order[0] ?? 0] ?? 0;
  const weights = order.map((token) => Math.exp((logits[token] ?? 0) - highest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let mass = 0;
  for (const [rank, token] of order.entries()) {
    // the token that crosses the limit is still inside
    if (mass >= topP * total) logits[token] = -Infinity;
    mass += weights[rank] ?? 0;
  }
}
