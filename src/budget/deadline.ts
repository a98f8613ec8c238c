/** The caller's time limit, shared between thinking and answer. Milliseconds on the run's clock. */
import type { Reading } from '../stream/reading.ts';
import { afterFirst } from '../stream/speed.ts';

/** Of the time: reserved for the answer while its duration cannot be estimated, and at most, once it can. */
const RESERVE = { unmeasured: 1 / 3, most: 2 / 3 } as const;

/** An answer is rarely as long as the others, and its request has a way to go. */
const MARGIN = 1.25;

/** Fewer tokens than this do not make a speed. */
const LEAST_TOKENS_MEASURED = 8;

/** What earlier runs have shown of a server; absent: nothing yet. */
export type Pace = {
  /** the least time to a first token */
  readonly firstTokenMs?: number | undefined;
  /** most answers were not longer than this, in tokens */
  readonly usualAnswer?: number | undefined;
};

export type Deadline = {
  /** when the call must be over; `Infinity` without a limit */
  readonly at: number;
  /** whether so much time is left that thinking would leave the answer its own */
  leavesTimeToThink(now: number): boolean;
  /**
   * When thinking must end, so that the answer has its time: the first-token time, plus the expected answer at the
   * measured speed; a third of the time left while that cannot be estimated. A request whose first token has not come is
   * not ended for the answer: another one would wait as long.
   */
  thinkingUntil(answerTokens: number, askedAt: number, reading: Reading): number;
};

export function deadline(startedAt: number, maxSeconds: number | undefined, pace: Pace = {}): Deadline {
  if (maxSeconds === undefined) {
    return { at: Infinity, leavesTimeToThink: () => true, thinkingUntil: () => Infinity };
  }
  const total = maxSeconds * 1000;
  const at = startedAt + total;
  return {
    at,
    leavesTimeToThink: (now) => at - now > total * RESERVE.unmeasured,
    thinkingUntil: (answerTokens, askedAt, reading) => {
      const { firstTokenAt } = reading;
      if (firstTokenAt === undefined) return at;
      const left = at - firstTokenAt;
      const unmeasured = left * RESERVE.unmeasured;
      const expected = pace.usualAnswer === undefined ? answerTokens : Math.min(answerTokens, pace.usualAnswer);
      const needed = timeForAnswer(expected, firstTokenAt - askedAt, reading, pace);
      if (needed === undefined) return at - unmeasured;
      // nobody knows yet how long answers are here: the longest is no estimate
      const most = pace.usualAnswer === undefined ? unmeasured : left * RESERVE.most;
      return at - Math.min(needed * MARGIN, most);
    },
  };
}

/** The first-token time has waiting in the server's queue in it, so the least that was seen counts. */
function timeForAnswer(tokens: number, firstTokenMs: number, reading: Reading, pace: Pace): number | undefined {
  const behind = afterFirst([reading]);
  if (behind.tokens + 1 < LEAST_TOKENS_MEASURED) return undefined;
  return Math.min(firstTokenMs, pace.firstTokenMs ?? Infinity) + (tokens * behind.ms) / behind.tokens;
}
