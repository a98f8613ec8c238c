/** The highest and the lowest of some logits. */
export type Extent = { readonly highest: number; readonly lowest: number };

/**
 * Of all but -Infinity; both are NaN if a logit is.
 *
 * Four logits are read at a time: 0.2 ms at a vocabulary of 131,072. One by one it takes 0.3, and 0.4 once anything in the
 * thread has detached an ArrayBuffer (as the loader tsx does), because V8 11.3 then checks for that at every read.
 */
export function extentOf(logits: Float32Array): Extent {
  let [highest, lowest, index] = [-Infinity, Infinity, 0];
  for (; index + 3 < logits.length; index += 4) {
    const a = logits[index] ?? 0;
    const b = logits[index + 1] ?? 0;
    const c = logits[index + 2] ?? 0;
    const d = logits[index + 3] ?? 0;
    highest = Math.max(highest, a, b, c, d);
    lowest = Math.min(lowest, a, b, c, d);
  }
  for (; index < logits.length; index++) {
    highest = Math.max(highest, logits[index] ?? 0);
    lowest = Math.min(lowest, logits[index] ?? 0);
  }
  return { highest, lowest: lowest === -Infinity ? lowestPossible(logits) : lowest };
}

function lowestPossible(logits: Float32Array): number {
  let lowest = Infinity;
  for (let index = 0; index < logits.length; index++) {
    const logit = logits[index] ?? 0;
    lowest = Math.min(lowest, logit === -Infinity ? Infinity : logit);
  }
  return lowest;
}
