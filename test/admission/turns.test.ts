/** The queue of the process: who gets a turn, and who is told at once that there is none. */
import { expect, test } from 'vitest';
import { SINGLE, Turns } from '../../src/admission/turns.ts';
import type { Pace } from '../../src/budget/deadline.ts';
import { FakeClock } from '../support/fake-clock.ts';

const PACE: Pace = { leastFirstTokenMs: 500, firstTokenMs: 1000, msPerToken: 10, usualAnswer: 100 };

/** One slot, and `waiting` calls that wait for it. */
function busy(waiting: number): { turns: Turns; refuse(maxSeconds: number, pace?: Pace): void } {
  const clock = new FakeClock();
  const turns = new Turns(1, clock);
  const { signal } = new AbortController();
  for (let call = 0; call <= waiting; call += 1) {
    const time = { maxSeconds: undefined, startedAt: clock.now(), signal };
    void turns.take(time, SINGLE, () => new Promise(() => undefined));
  }
  return {
    turns,
    refuse: (maxSeconds, pace = PACE) =>
      turns.refuseWithoutTime({ maxSeconds, startedAt: clock.now(), signal }, () => pace),
  };
}

test('a call whose turn would come too late is refused, with the time that it would need', () => {
  // five calls of two seconds, half of the one that is computed, and its own first token: 11.5 s
  const sixth = busy(5);
  expect(() => sixth.refuse(11)).toThrow(
    'this call would need about 12 seconds: 5 calls wait before it, and the server computes 1 at a time',
  );
  expect(() => sixth.refuse(12)).not.toThrow();
});

test('nothing is refused while the speed is not known, or a slot is free', () => {
  expect(() => busy(100).refuse(0.1, {})).not.toThrow();
  expect(() => busy(-1).refuse(0.1)).not.toThrow();
});

test('a run gives way to the calls that wait', () => {
  expect(busy(0).turns.endOf(0, 8000)).toBe(8000);
  expect(busy(3).turns.endOf(0, 8000)).toBe(2000);
});
