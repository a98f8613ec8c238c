/**
 * How much more likely a token is than the first token of the end marker, in nats. A difference of logits is the difference of
 * log-probabilities, so nothing is summed over the vocabulary.
 */
export function marginOf(logits: Float32Array, id: number, endId: number): number {
  const margin = (logits[id] ?? NaN) - (logits[endId] ?? NaN);
  // a logit that is NaN says nothing, so nothing shows that the end is near
  return Number.isNaN(margin) ? Infinity : margin;
}
