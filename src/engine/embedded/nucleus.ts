/**
 * The nucleus of top_p without sorting the vocabulary: only the bin in which the sum of weights reaches the limit is
 * sorted. The result equals that of sorting everything, token by token: if the sum is so near to the limit that rounding
 * could decide, everything is sorted.
 */
import { BINS, binOf, type Bins, crossingBin, fillBins, type Scale, tokensIn, WEIGHT_ERROR, weightOf } from './bins.ts';
import { extentOf } from './extent.ts';

/** Inside are the logits above `lowest` and, of those equal to it, the ones with ids up to `last`. */
type Edge = { readonly lowest: number; readonly last: number };

type Binned = {
  readonly kind: 'binned';
  readonly bins: Bins;
  /** that of the edge */
  readonly bin: number;
  /** the sum inside */
  readonly weight: number;
};

/** `equal`: that many tokens, with the same logit. */
export type Nucleus = Edge & (Binned | { readonly kind: 'equal'; readonly count: number });

export function isInside({ lowest, last }: Edge, token: number, logit: number): boolean {
  return logit > lowest || (logit === lowest && token <= last);
}

/** If all possible tokens have the same logit: the lower ids. Every weight is 1 or 0, so the sums are exact. */
export function nucleusOfEqual(logits: Float32Array, logit: number, topP: number): Nucleus {
  let all = 0;
  for (let token = 0; token < logits.length; token++) if (logits[token] === logit) all++;
  const count = Math.max(1, Math.ceil(Math.min(topP, 1) * all));
  // from the end, where fewer are outside than inside are at the beginning
  let [last, outside] = [logits.length - 1, all - count];
  while (logits[last] !== logit || outside-- > 0) last--;
  return { kind: 'equal', lowest: logit, last, count };
}

/** At least one token is inside, however low top_p is. */
export function findNucleus(logits: Float32Array, bins: Bins, topP: number): Nucleus {
  const total = bins.sums.reduce((sum, weight) => sum + weight, 0);
  if (topP >= 1) return { kind: 'binned', lowest: -Infinity, last: -1, bins, bin: BINS - 1, weight: total };
  return byBins(logits, bins, topP, total) ?? bySorting(logits, bins, topP);
}

/** Undefined if rounding could decide. */
function byBins(logits: Float32Array, bins: Bins, topP: number, total: number): Nucleus | undefined {
  const limit = topP * total;
  const { bin, above } = crossingBin(bins, 0, limit);
  const tokens = tokensIn(bin, bins, logits);
  const part = narrow(valuesOf(tokens, logits), above, limit, bins.scale);
  const { values } = part;
  let [inside, sum, before, weight] = [0, part.above, -Infinity, 0];
  for (; inside < values.length && (inside === 0 || sum < limit); inside++) {
    if (inside === 0 || values[inside] !== values[inside - 1]) weight = weightOf(values[inside] ?? 0, bins.scale);
    before = sum;
    sum += weight;
  }
  // the rounding error of adding n weights is at most n / 2 units; it occurs in the sum and in the limit, both here and
  // by sorting, and here each weight has an error as well
  const slack = 2 * (logits.length + WEIGHT_ERROR) * Number.EPSILON * total;
  if (sum - limit < slack || limit - before < slack) return undefined;
  return { kind: 'binned', ...edgeOf(inside, values, tokens, logits), bins, bin, weight: sum };
}

function valuesOf(tokens: readonly number[], logits: Float32Array): Float32Array {
  const values = new Float32Array(tokens.length);
  for (let index = 0; index < tokens.length; index++) values[index] = logits[tokens[index] ?? 0] ?? 0;
  return values;
}

type Part = { readonly values: Float32Array; readonly above: number };

/** The values among which the sum reaches the limit, few or all equal, in descending order; and the sum above them. */
function narrow(values: Float32Array, above: number, limit: number, scale: Scale): Part {
  const extent = extentOf(values);
  if (extent.highest === extent.lowest) return { values, above };
  if (values.length <= 2 * BINS) return { values: values.toSorted().toReversed(), above };
  const bins = fillBins(values, extent, scale);
  const crossing = crossingBin(bins, above, limit);
  const inBin = values.filter((value) => binOf(value, bins) === crossing.bin);
  return narrow(inBin, crossing.above, limit, scale);
}

function bySorting(logits: Float32Array, bins: Bins, topP: number): Nucleus {
  const values = logits.toSorted().toReversed();
  const weights = new Float64Array(values).map((value) => weightOf(value, bins.scale));
  const limit = topP * weights.reduce((sum, weight) => sum + weight, 0);
  let [inside, sum] = [1, weights[0] ?? 0];
  // the token that crosses the limit is still inside
  while (inside < values.length && sum < limit) sum += weights[inside++] ?? 0;
  const tokens = new Uint32Array(logits.length).map((_, token) => token);
  const edge = edgeOf(inside, values, tokens, logits);
  return { kind: 'binned', ...edge, bins, bin: binOf(edge.lowest, bins), weight: sum };
}

/** The edge below the `count` highest of these values. All of the lowest value are among them. */
function edgeOf(count: number, descending: Float32Array, tokens: ArrayLike<number>, logits: Float32Array): Edge {
  const lowest = descending[count - 1] ?? 0;
  let equal = count - descending.indexOf(lowest);
  let index = 0;
  while (logits[tokens[index] ?? 0] !== lowest || --equal > 0) index++;
  return { lowest, last: tokens[index] ?? 0 };
}
