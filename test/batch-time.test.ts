import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { BatchTime } from '../src/batch-time.ts';

test('without a limit an item may always begin', () => {
  const time = new BatchTime(1000, undefined);
  time.answered(500);
  expect(time.mayBegin(1e12)).toBe(true);
});

test('while no item is over, an item begins in the first two thirds of the time', () => {
  const time = new BatchTime(1000, 30);
  expect(time.mayBegin(1000 + 19_999)).toBe(true);
  expect(time.mayBegin(1000 + 20_001)).toBe(false);
});

test('an item begins only with two thirds of its usual time left, whatever the other times were', () => {
  const durations = fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 100 });
  fc.assert(
    fc.property(durations, fc.integer({ min: 1, max: 600 }), fc.nat(700_000), (all, seconds, after) => {
      const time = new BatchTime(0, seconds);
      for (const ms of all) time.answered(ms);
      const recent = all.slice(-32).toSorted((a, b) => a - b);
      const usual = recent[Math.floor(recent.length / 2)] ?? 0;
      expect(time.mayBegin(after)).toBe(seconds * 1000 - after > (usual * 2) / 3);
    }),
  );
});
