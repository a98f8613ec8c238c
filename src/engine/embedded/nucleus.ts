/**
 * The nucleus of top_p without sorting the vocabulary. One pass adds up the weights in bins of logits, and only the bin
 * in which the sum reaches the limit is sorted. The result equals that of a full sort, token by token. If the sum is so
 * close to the limit that rounding could decide, everything is sorted.
 */
import { BINS, crossingBin, dropBelow, type Extent, extentOf, fillBins, tokensIn, WEIGHT_ERROR } from './bins.ts';

/** Sets logits outside the nucleus to -Infinity. Of equal logits, those with lower ids are inside. */
export function keepNucleus(logits: Float32Array, topP: number): void {
  const extent = extentOf(logits);
  // if a logit is NaN or infinite, the sums of weights are NaN and reach no limit
  if (!Number.isFinite(extent.highest)) return;
  if (extent.highest === extent.lowest) keepFirst(logits, topP, extent.highest);
  else if (!keepByBins(logits, topP, extent)) keepBySorting(logits, topP, extent.highest);
}

/** All possible tokens are equally likely: every weight is 1 or 0, so the sums are exact. */
function keepFirst(logits: Float32Array, topP: number, possible: number): void {
  let count = 0;
  for (let token = 0; token < logits.length; token++) if (logits[token] === possible) count++;
  let left = Math.ceil(topP * count);
  for (let token = 0; token < logits.length; token++)
    if (logits[token] === possible && left-- <= 0) logits[token] = -Infinity;
}

/** Returns false and changes nothing if rounding could decide. */
function keepByBins(logits: Float32Array, topP: number, extent: Extent): boolean {
  const { highest } = extent;
  const bins = fillBins(logits, extent, highest);
  const total = bins.sums.reduce((sum, weight) => sum + weight, 0);
  const limit = topP * total;
  const crossing = crossingBin(bins, 0, limit);
  const tokens = tokensIn(crossing.bin, bins);
  const { values, above } = narrow(valuesOf(tokens, logits), crossing.above, limit, highest);
  let [inside, sum, before, weight] = [0, above, -Infinity, 0];
  for (; inside < values.length && sum < limit; inside++) {
    if (inside === 0 || values[inside] !== values[inside - 1]) weight = Math.exp((values[inside] ?? 0) - highest);
    before = sum;
    sum += weight;
  }
  // the rounding error of adding n weights is at most n / 2 units. It occurs in the sum and in the limit, here and in a
  // full sort; here each weight has an error as well
  const slack = 2 * (logits.length + WEIGHT_ERROR) * Number.EPSILON * total;
  if (sum - limit < slack || limit - before < slack) return false;
  dropBelow(crossing.bin, bins, logits);
  keepHighest(inside, values, tokens, logits);
  return true;
}

function valuesOf(tokens: readonly number[], logits: Float32Array): Float32Array {
  const values = new Float32Array(tokens.length);
  for (let index = 0; index < tokens.length; index++) values[index] = logits[tokens[index] ?? 0] ?? 0;
  return values;
}

type Part = { readonly values: Float32Array; readonly above: number };

/** The values among which the sum reaches the limit (few, or all equal) in descending order; and the sum above them. */
function narrow(values: Float32Array, above: number, limit: number, weighsOne: number): Part {
  const extent = extentOf(values);
  if (extent.highest === extent.lowest) return { values, above };
  if (values.length <= 2 * BINS) return { values: values.toSorted().toReversed(), above };
  const bins = fillBins(values, extent, weighsOne);
  const crossing = crossingBin(bins, above, limit);
  const inBin = values.filter((_, index) => bins.binOf[index] === crossing.bin);
  return narrow(inBin, crossing.above, limit, weighsOne);
}

function keepBySorting(logits: Float32Array, topP: number, highest: number): void {
  const values = logits.toSorted().toReversed();
  const weights = new Float64Array(values).map((value) => Math.exp(value - highest));
  const limit = topP * weights.reduce((sum, weight) => sum + weight, 0);
  let [inside, sum] = [0, 0];
  // the token that crosses the limit is still inside
  while (inside < values.length && sum < limit) sum += weights[inside++] ?? 0;
  const tokens = new Uint32Array(logits.length).map((_, token) => token);
  keepHighest(inside, values, tokens, logits);
}

/** Keeps the `count` highest of these values. Tokens above all of them are kept as well, tokens below are not. */
function keepHighest(count: number, descending: Float32Array, tokens: ArrayLike<number>, logits: Float32Array): void {
  const lowest = count === 0 ? Infinity : (descending[count - 1] ?? 0);
  let excess = descending.lastIndexOf(lowest) + 1 - count;
  for (let index = tokens.length - 1; index >= 0; index--) {
    const token = tokens[index] ?? 0;
    const logit = logits[token] ?? 0;
    if (logit < lowest || (logit === lowest && excess-- > 0)) logits[token] = -Infinity;
  }
}
