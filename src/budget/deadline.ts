/** The caller's time limit, shared between thinking and answer. Milliseconds on the run's clock. */
import type { Reading } from '../stream/reading.ts';
import { afterFirst } from '../stream/speed.ts';

/** Of the whole time: kept for the answer while no speed has been measured, and at most, when one has. */
const RESERVE = { unmeasured: 1 / 3, most: 2 / 3 } as const;

/** Fewer tokens than this do not make a speed. */
const LEAST_TOKENS_MEASURED = 8;

export type Deadline = {
  /** when the call must be over; `Infinity` without a limit */
  readonly at: number;
  /**
   * When thinking must end, so that the answer has its time: the first-token time seen for this prompt, plus the
   * answer's tokens at the speed seen. More than two thirds of the time are never held back: on a server so slow
   * the answer would not be whole either way, and without a thought it would be worth nothing.
   */
  thinkingUntil(answerTokens: number, askedAt: number, reading: Reading): number;
};

export function deadline(startedAt: number, maxSeconds: number | undefined): Deadline {
  if (maxSeconds === undefined) return { at: Infinity, thinkingUntil: () => Infinity };
  const total = maxSeconds * 1000;
  const at = startedAt + total;
  return {
    at,
    thinkingUntil: (answerTokens, askedAt, reading) => {
      const reserve = timeForAnswer(answerTokens, askedAt, reading) ?? total * RESERVE.unmeasured;
      return at - Math.min(reserve, total * RESERVE.most);
    },
  };
}

function timeForAnswer(answerTokens: number, askedAt: number, reading: Reading): number | undefined {
  const { firstTokenAt, trail } = reading;
  if (firstTokenAt === undefined || trail.tokens < LEAST_TOKENS_MEASURED) return undefined;
  const { tokens, ms } = afterFirst([reading]);
  return firstTokenAt - askedAt + (answerTokens * ms) / tokens;
}
