/** A GPU is paid for once, however many runs share it. */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { BusyTime } from '../../src/spending/busy-time.ts';

test('a run alone has its whole time, and time without a run belongs to nobody', () => {
  const busy = new BusyTime();
  expect(busy.begin(1000)(1400)).toBe(400);
  expect(busy.begin(9000)(9100)).toBe(100);
});

test('two runs share the time in which both run', () => {
  const busy = new BusyTime();
  const first = busy.begin(0);
  const second = busy.begin(100);
  expect([first(300), second(400)]).toEqual([200, 200]);
});

test('a second end counts nothing', () => {
  const busy = new BusyTime();
  const end = busy.begin(0);
  expect([end(100), end(500)]).toEqual([100, 0]);
});

test('all shares together are the time in which something ran', () => {
  const span = fc.record({ from: fc.integer({ min: 0, max: 1000 }), ms: fc.integer({ min: 1, max: 300 }) });
  fc.assert(
    fc.property(fc.array(span, { minLength: 1, maxLength: 20 }), (spans) => {
      const busy = new BusyTime();
      const ends = new Map<number, (now: number) => number>();
      const events = spans
        .flatMap(({ from, ms }, index) => [
          { at: from, index, isEnd: false },
          { at: from + ms, index, isEnd: true },
        ])
        .toSorted((a, b) => a.at - b.at);
      let [shares, running, at, union] = [0, 0, 0, 0];
      for (const event of events) {
        if (running > 0) union += event.at - at;
        at = event.at;
        running += event.isEnd ? -1 : 1;
        if (event.isEnd) shares += ends.get(event.index)?.(event.at) ?? 0;
        else ends.set(event.index, busy.begin(event.at));
      }
      expect(shares).toBeCloseTo(union, 6);
    }),
  );
});
