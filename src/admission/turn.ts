/** When a call that has to wait in our queue gets its turn. */
import type { Pace } from '../budget/deadline.ts';
import { EngineTimeoutError } from '../errors.ts';

type Waiting = {
  /** calls that wait before it */
  readonly waiting: number;
  /** calls that are computed at the same time */
  readonly atOnce: number;
  readonly pace: Pace;
};

/** In milliseconds, if every call before it answers without thinking; 0 while the speed is not measured. */
export function untilTurn({ waiting, atOnce, pace }: Waiting): number {
  const { firstTokenMs = 0, msPerToken = 0, usualAnswer = 0 } = pace;
  const oneCall = firstTokenMs + msPerToken * usualAnswer;
  // those that are computed now are half over, on average
  return oneCall * (waiting / atOnce + 1 / 2);
}

export function noTurn(waiting: number, atOnce: number, neededMs: number): EngineTimeoutError {
  const seconds = Math.ceil(neededMs / 1000);
  const before = waiting === 1 ? '1 call waits' : `${waiting} calls wait`;
  return new EngineTimeoutError(
    `this call would need about ${seconds} seconds: ${before} before it, and the server computes ${atOnce} at a time`,
    { hint: `raise max_seconds to at least ${seconds + 1}, or make fewer calls at a time` },
  );
}
