import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { differenceTo } from '../../../src/tuning/statistics/difference.ts';
import { normalQuantile } from '../../../src/tuning/statistics/normal.ts';
import { countsOf, intervalOf } from '../../../src/tuning/statistics/score.ts';

const times = (count: number, share: number): number[] => Array<number>(count).fill(share);

test('without pairs there is no difference', () => {
  expect(differenceTo([], [])).toBeUndefined();
  expect(differenceTo([1, undefined], [undefined, 1])).toBeUndefined();
});

test('only cases that both have measured are compared', () => {
  expect(differenceTo([1, 1, 0, undefined], [0, undefined, 0])).toEqual(differenceTo([1, 0], [0, 0]));
});

test.each([
  { name: 'all right', share: 1 },
  { name: 'all wrong', share: 0 },
])('no pair differs, $name: the interval is symmetric and not empty', ({ share }) => {
  const shares = times(100, share);
  const z = normalQuantile(0.975);
  const difference = differenceTo(shares, shares);
  expect(difference?.estimate).toBe(0);
  expect(difference?.high).toBeCloseTo(z ** 2 / (100 + z ** 2), 12);
  expect(difference?.low).toBeCloseTo(-(z ** 2) / (100 + z ** 2), 12);
});

test('the budget lost 6 cases and won 2 of 100', () => {
  const reference = [...times(6, 1), ...times(2, 0), ...times(92, 1)];
  const shares = [...times(6, 0), ...times(2, 1), ...times(92, 1)];
  const difference = differenceTo(reference, shares);
  expect(difference?.estimate).toBeCloseTo(-0.04, 12);
  expect(difference?.low).toBeCloseTo(-0.107, 2);
  expect(difference?.high).toBeCloseTo(0.019, 2);
});

test('one-sided at 95 % is two-sided at 90 %', () => {
  const [reference, shares] = [
    [1, 1, 1, 0, 1],
    [1, 0, 1, 1, 1],
  ];
  const one = differenceTo(reference, shares, { confidence: 0.95, sides: 1 });
  const two = differenceTo(reference, shares, { confidence: 0.9, sides: 2 });
  expect(one?.low).toBeCloseTo(two?.low ?? 0, 10);
  expect(one?.high).toBeCloseTo(two?.high ?? 0, 10);
});

test('a budget and its reference that change places change the sign, while fewer than ten cases differ', () => {
  const share = fc.integer({ min: 0, max: 4 }).map((right) => right / 4);
  const all = fc.tuple(
    fc.array(fc.tuple(share, share), { maxLength: 9 }),
    fc.array(
      share.map((one) => [one, one] as const),
      { minLength: 1, maxLength: 50 },
    ),
  );
  fc.assert(
    fc.property(all, ([differing, same]) => {
      const cases = [...differing, ...same];
      const [reference, shares] = [cases.map(([one]) => one), cases.map(([, other]) => other)];
      const [there, back] = [differenceTo(reference, shares), differenceTo(shares, reference)];
      expect(there?.low).toBeCloseTo(-(back?.high ?? 0), 9);
      expect(there?.high).toBeCloseTo(-(back?.low ?? 0), 9);
    }),
  );
});

test('one small loss among many cases does not narrow the interval: the next case may be lost wholly', () => {
  const reference = times(200, 1);
  const none = differenceTo(reference, reference);
  const small = differenceTo(reference, [0.75, ...times(199, 1)]);
  expect(small?.low).toBeLessThan(none?.low ?? 0);
});

/** So many of 100 cases lose a half. */
const losing = (cases: number): number[] => [...times(cases, 0.5), ...times(100 - cases, 1)];

test('from ten cases that differ on, no gain is expected that is greater than those seen', () => {
  const reference = times(100, 1);
  const [few, many] = [differenceTo(reference, losing(9)), differenceTo(reference, losing(10))];
  const fall = (few?.high ?? 0) - (many?.high ?? 0);
  expect(fall).toBeGreaterThan(2 * ((few?.estimate ?? 0) - (many?.estimate ?? 0)));
});

test('a loss that is greater than those seen is always expected: it would decide', () => {
  const differences = countsOf([...times(10, -0.5), ...times(90, 0)]);
  const { low } = intervalOf(differences, { least: -1, most: 1 }, normalQuantile(0.975));
  expect(differenceTo(times(100, 1), losing(10))?.low).toBeCloseTo(low, 12);
});

test('every case gains as much: the next may gain more', () => {
  const difference = differenceTo(times(20, 0.5), times(20, 0.75));
  expect(difference?.high).toBeGreaterThan(0.3);
});
