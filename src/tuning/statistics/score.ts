/**
 * Score test and interval for the mean of bounded values that are independent: the one method behind the accuracy, the
 * difference and every decision.
 *
 * An assumed mean m is compared with the mean of n values: z = (mean - m) * sqrt(n) / sd(m). sd(m) is the standard
 * deviation of the most likely distribution whose mean is m, among all distributions on the values seen and the two ends
 * of the range. The interval holds every m whose z is not extreme.
 *
 * - Values 0 and 1: the most likely distribution is m itself, so that this is Wilson's interval (Wilson, 1927).
 * - Values -1, 0 and 1, the differences of pairs: Tango's interval (Tango, 1998), with the same restricted estimates.
 * - Other values: the weights of empirical likelihood (Owen, 1988). The ends of the range keep the interval from being
 *   too narrow when few values differ: a case may differ wholly although none seen did.
 */

/** How often each value was seen; none 0 times. */
export type Counts = ReadonlyMap<number, number>;

export type Range = { readonly least: number; readonly most: number };

export function countsOf(values: Iterable<number>): Counts {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

export function totalOf(counts: Counts): number {
  let total = 0;
  for (const count of counts.values()) total += count;
  return total;
}

/** NaN without a value. */
export function meanOf(counts: Counts): number {
  let sum = 0;
  for (const [value, count] of counts) sum += value * count;
  return sum / totalOf(counts);
}

/** Enough to halve an interval down to neighbouring numbers. */
const HALVINGS = 100;

/**
 * The variance of the most likely distribution with the mean `assumed`, which is within the range. At an end of the
 * range, and nowhere else: 0.
 */
export function varianceAt(counts: Counts, { least, most }: Range, assumed: number): number {
  if (assumed <= meanOf(counts)) return varianceBelow(counts, least, assumed);
  const mirrored = new Map([...counts].map(([value, count]) => [-value, count]));
  return varianceBelow(mirrored, -most, -assumed);
}

/**
 * `assumed` is at most the mean. The weight of a value v is count / (n * (1 + tilt * (v - assumed))), where the tilt makes
 * the weights balance at `assumed`. The tilt cannot exceed 1 / (assumed - least), or the weight of `least` would be
 * negative; if that tilt is still too small, `least` takes the rest of the weight.
 */
function varianceBelow(counts: Counts, least: number, assumed: number): number {
  if (assumed <= least) return 0;
  const total = totalOf(counts);
  const points = [...counts].map(([value, count]) => ({ distance: value - assumed, weight: count / total }));
  const balance = (tilt: number): number => {
    let sum = 0;
    for (const { distance, weight } of points) sum += (weight * distance) / (1 + tilt * distance);
    return sum;
  };
  const greatest = 1 / (assumed - least);
  const isAtEnd = !counts.has(least) && balance(greatest) >= 0;
  const tilt = isAtEnd ? greatest : lastWhere((tried) => balance(tried) >= 0, 0, greatest);
  let [variance, rest] = [0, 1];
  for (const { distance, weight } of points) {
    const tilted = weight / (1 + tilt * distance);
    variance += tilted * distance ** 2;
    rest -= tilted;
  }
  return isAtEnd ? variance + rest * (assumed - least) ** 2 : variance;
}

/**
 * By how many standard errors the mean is above `assumed`; negative: below. Without values: 0, so that nothing is ever
 * shown. Infinite if `assumed` is an end of the range and not the mean.
 */
export function scoreAt(counts: Counts, range: Range, assumed: number): number {
  const total = totalOf(counts);
  const distance = meanOf(counts) - assumed;
  if (total === 0 || distance === 0) return 0;
  return (distance * Math.sqrt(total)) / Math.sqrt(varianceAt(counts, range, assumed));
}

/**
 * The means whose score is from -z to z. Without values: the whole range. If every value is the same end of the range,
 * the interval begins there and takes z² / (n + z²) of the range.
 */
export function intervalOf(counts: Counts, range: Range, z: number): { readonly low: number; readonly high: number } {
  const { least, most } = range;
  if (totalOf(counts) === 0) return { low: least, high: most };
  const mean = meanOf(counts);
  return {
    low: mean <= least ? least : lastWhere((assumed) => scoreAt(counts, range, assumed) >= z, least, mean),
    high: mean >= most ? most : lastWhere((assumed) => scoreAt(counts, range, assumed) > -z, mean, most),
  };
}

/** Where `holds` changes between `from`, where it is true, and `to`, where it is false. */
function lastWhere(holds: (value: number) => boolean, from: number, to: number): number {
  let [last, first] = [from, to];
  for (let halving = 0; halving < HALVINGS; halving++) {
    const middle = (last + first) / 2;
    if (middle === last || middle === first) break;
    if (holds(middle)) last = middle;
    else first = middle;
  }
  return last;
}
