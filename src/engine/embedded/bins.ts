/** Logits in bins of equal width, with the sums of their weights, as in softmax: exp((logit - highest) / temperature). */
import type { Extent } from './extent.ts';

/** Fewer bins leave more to sort and need a longer series; each bin takes a `Math.exp`. */
export const BINS = 2048;

/**
 * A weight below exp(-REACH) changes no sum that contains the highest, which weighs 1: exp(-37) is less than half of the
 * last bit of 1 (2^-53).
 */
const REACH = 37;

/**
 * Limit of the relative error of a weight, in units of `Number.EPSILON`. The series leaves out at most
 * (37 / 2047)^5 / 120, which is 72,400 units; rounding adds less than 1,000.
 */
export const WEIGHT_ERROR = 80_000;

/** `weighsOne` is the logit whose weight is 1. */
export type Scale = { readonly weighsOne: number; readonly temperature: number };

export function weightOf(logit: number, { weighsOne, temperature }: Scale): number {
  return Math.exp((logit - weighsOne) / temperature);
}

/** Numbered from the highest logit downwards. What is below the last one weighs nothing and is in none. */
export type Bins = {
  readonly sums: Float64Array;
  readonly scale: Scale;
  /** where the first bin begins */
  readonly highest: number;
  readonly binsPerLogit: number;
};

/** Bins over an extent of more than one value. */
export function fillBins(logits: Float32Array, { highest, lowest }: Extent, scale: Scale): Bins {
  const { temperature } = scale;
  const width = Math.min((highest - lowest) / temperature, REACH) / (BINS - 1);
  const binsPerLogit = 1 / (width * temperature);
  const sums = new Float64Array(BINS + 1);
  let index = 0;
  // four at a time, as in `extentOf`: 0.5 ms at a vocabulary of 131,072, and 0.8 to 1.3 one by one
  for (; index + 3 < logits.length; index += 4) {
    const a = logits[index] ?? 0;
    const b = logits[index + 1] ?? 0;
    const c = logits[index + 2] ?? 0;
    const d = logits[index + 3] ?? 0;
    addWeight(sums, width, (highest - a) * binsPerLogit);
    addWeight(sums, width, (highest - b) * binsPerLogit);
    addWeight(sums, width, (highest - c) * binsPerLogit);
    addWeight(sums, width, (highest - d) * binsPerLogit);
  }
  for (; index < logits.length; index++) addWeight(sums, width, (highest - (logits[index] ?? 0)) * binsPerLogit);
  const first = (highest - scale.weighsOne) / temperature;
  for (let bin = 0; bin < BINS; bin++) sums[bin] = (sums[bin] ?? 0) * Math.exp(first - bin * width);
  return { sums: sums.subarray(0, BINS), scale, highest, binsPerLogit };
}

/** The weight in relation to that of the beginning of its bin. */
function addWeight(sums: Float64Array, width: number, distance: number): void {
  const position = Math.min(distance, BINS);
  const bin = Math.trunc(position);
  const power = (bin - position) * width;
  // the series of exp: Math.exp for every logit takes 2 to 3 ms
  const weight = 1 + power * (1 + power * (1 / 2 + power * (1 / 6 + power * (1 / 24))));
  sums[bin] = (sums[bin] ?? 0) + weight;
}

export function binOf(logit: number, { highest, binsPerLogit }: Bins): number {
  return Math.trunc(Math.min((highest - logit) * binsPerLogit, BINS));
}

/** The first token in this bin from that token on, or the number of tokens. */
export function nextIn(bin: number, bins: Bins, logits: Float32Array, from: number): number {
  const { highest, binsPerLogit } = bins;
  const middle = bin + 0.5;
  for (let token = from; token < logits.length; token++) {
    const logit = logits[token] ?? 0;
    // one comparison that is seldom true: with one for each end, wrongly predicted branches take 0.5 ms
    if (Math.abs((highest - logit) * binsPerLogit - middle) <= 0.5 && binOf(logit, bins) === bin) return token;
  }
  return logits.length;
}

export function tokensIn(bin: number, bins: Bins, logits: Float32Array): number[] {
  const tokens: number[] = [];
  for (let token = nextIn(bin, bins, logits, 0); token < logits.length; token = nextIn(bin, bins, logits, token + 1))
    tokens.push(token);
  return tokens;
}

/** The bin in which the sum, from `above` on, reaches the limit; and the sum above that bin. */
export function crossingBin({ sums }: Bins, above: number, limit: number): { bin: number; above: number } {
  let [bin, sum] = [0, above];
  while (bin < BINS - 1 && sum + (sums[bin] ?? 0) < limit) sum += sums[bin++] ?? 0;
  return { bin, above: sum };
}
