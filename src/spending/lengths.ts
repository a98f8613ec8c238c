/**
 * How long thinking would be without a budget, estimated from runs with one. A run whose thinking was cut shows only that
 * it would have been longer: the estimate is that of Kaplan and Meier (1958) for such censored lengths, over classes of
 * length.
 */

/** Runs whose thinking ended within one class of length. */
export type LengthClass = {
  /** thinking that the model closed itself, and its tokens */
  readonly closed: number;
  readonly closedTokens: number;
  /** thinking that was cut */
  readonly cut: number;
};

/** By class. */
export type Lengths = ReadonlyMap<number, LengthClass>;

/** Four classes for each doubling: the lengths in one class differ by at most 19 %. */
const CLASSES_PER_DOUBLING = 4;

export function classOf(tokens: number): number {
  return Math.floor(Math.log2(tokens + 1) * CLASSES_PER_DOUBLING);
}

function leastOf(lengthClass: number): number {
  return 2 ** (lengthClass / CLASSES_PER_DOUBLING) - 1;
}

export function addLengths(a: Lengths, b: Lengths): Lengths {
  const sum = new Map(a);
  for (const [lengthClass, { closed, closedTokens, cut }] of b) {
    const before = sum.get(lengthClass) ?? { closed: 0, closedTokens: 0, cut: 0 };
    sum.set(lengthClass, {
      closed: before.closed + closed,
      closedTokens: before.closedTokens + closedTokens,
      cut: before.cut + cut,
    });
  }
  return sum;
}

/**
 * The mean length of thinking without a budget, in tokens. Where the longest runs were cut, it is a lower limit: their
 * thinking counts with the length at which it was cut. undefined: no run closed its thinking.
 */
export function unlimitedMean(lengths: Lengths): number | undefined {
  const classes = [...lengths].toSorted(([a], [b]) => a - b);
  let atRisk = classes.reduce((sum, [, { closed, cut }]) => sum + closed + cut, 0);
  let isKnown = false;
  let surviving = 1;
  let mean = 0;
  for (const [, { closed, closedTokens, cut }] of classes) {
    if (closed > 0) {
      isKnown = true;
      const ending = (surviving * closed) / atRisk;
      mean += ending * (closedTokens / closed);
      surviving -= ending;
    }
    atRisk -= closed + cut;
  }
  const longest = classes.at(-1)?.[0] ?? 0;
  return isKnown ? mean + surviving * leastOf(longest) : undefined;
}
