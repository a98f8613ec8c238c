import { DIFFERENCES, differencesOf } from './difference.ts';
import { normalQuantile } from './normal.ts';
import { intervalOf, meanOf, scoreAt, totalOf, varianceAt, type Counts } from './score.ts';
import type { Shares, Tried } from './shares.ts';

/** One-sided. */
const Z = normalQuantile(0.95);

export type Verdict =
  | {
      readonly kind: 'budget';
      readonly budget: number;
      /** points of accuracy below the reference, as measured; negative: above it */
      readonly lossPoints: number;
      /** the loss is less, at one-sided 95 % */
      readonly mostLossPoints: number;
      readonly cases: number;
    }
  | {
      readonly kind: 'too-few-cases';
      /** the budget that needs the fewest more */
      readonly budget: number;
      /** about how many in all */
      readonly casesNeeded: number;
    }
  | {
      /** more cases would not help, if they are like those measured */
      readonly kind: 'none';
      /** each budget loses more than the tolerance, at one-sided 95 %; false: that is only the estimate */
      readonly certain: boolean;
    };

/** From the most tokens to the fewest. */
export function byFallingBudget(tried: readonly Tried[]): readonly Tried[] {
  return tried.toSorted((one, other) => other.budget - one.budget);
}

/**
 * Whether the loss is within the tolerance, at one-sided 95 %. Not without cases. The test is not exact: if the loss is
 * the tolerance, it passes in about 5 % of all tunings, and in 7 % at worst (tolerances of 1 to 5 points). That is where
 * pairs differ in one direction only, and n has just become large enough for one more of them (one point, n = 268:
 * 0.99^268 = 6.8 %).
 */
export function isWithin(differences: Counts, tolerance: number): boolean {
  return scoreAt(differences, DIFFERENCES, -tolerance) >= Z;
}

/**
 * The cheapest budget whose loss is within `tolerance` (a share, from 0, without 1; 0.01 is one point), at one-sided 95 %:
 * the score test for noninferiority in pairs (Tango, 1998), with the most likely rates whose loss is the tolerance.
 *
 * Budgets are tested in a fixed sequence, from the largest down to 0, each at the full 5 %, up to the first that fails
 * (Maurer, Hothorn and Lehmacher, 1995). This is a closed test: the hypothesis that some of a set of budgets lose too much
 * is tested by the largest of the set. A wrong recommendation needs a pass of the largest budget that loses too much, which
 * is one test fixed by the truth and not by the data. So the error stays at 5 % for any number of budgets, whether or not
 * accuracy rises with the budget.
 *
 * If none passes: the cases needed, for the rates seen, by the budget that needs the fewest. At d, the difference seen, n
 * is z² * variance(-tolerance) / (d + tolerance)². With that many, the test passes about every second time. If no pair
 * differs, the variance is tolerance * (1 - tolerance), and one point takes 268 cases.
 *
 * 0 cases: as if no pair differed. All right or all wrong, in both: no pair differs. A tolerance of 0 needs a budget that
 * is better than the reference.
 */
export function recommend(reference: Shares, tried: readonly Tried[], tolerance: number): Verdict {
  const tests = byFallingBudget(tried).map(({ budget, shares }) => {
    const differences = differencesOf(reference, shares);
    return { budget, differences, passes: isWithin(differences, tolerance) };
  });
  const failed = tests.findIndex(({ passes }) => !passes);
  const cheapest = (failed === -1 ? tests : tests.slice(0, failed)).at(-1);
  if (cheapest !== undefined) {
    const { budget, differences } = cheapest;
    return {
      kind: 'budget',
      budget,
      lossPoints: points(-meanOf(differences)),
      mostLossPoints: points(-intervalOf(differences, DIFFERENCES, Z).low),
      cases: totalOf(differences),
    };
  }
  const candidates = tests.flatMap(({ budget, differences, passes }) => {
    const casesNeeded = passes ? undefined : casesFor(differences, tolerance);
    return casesNeeded === undefined ? [] : [{ kind: 'too-few-cases' as const, budget, casesNeeded }];
  });
  const [nearest] = candidates.toSorted((one, other) => one.casesNeeded - other.casesNeeded);
  return (
    nearest ?? {
      kind: 'none',
      certain: tests.every(({ differences }) => scoreAt(differences, DIFFERENCES, -tolerance) <= -Z),
    }
  );
}

const NOTHING_SEEN: Counts = new Map([[0, 1]]);

/** undefined: the loss seen is not within the tolerance. */
function casesFor(differences: Counts, tolerance: number): number | undefined {
  const seen = differences.size === 0 ? NOTHING_SEEN : differences;
  const room = meanOf(seen) + tolerance;
  if (room <= 0) return undefined;
  return Math.ceil((Z ** 2 * varianceAt(seen, DIFFERENCES, -tolerance)) / room ** 2);
}

function points(share: number): number {
  // no negative zero
  return share === 0 ? 0 : share * 100;
}
