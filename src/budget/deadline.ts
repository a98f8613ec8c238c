/** Shares the caller's time limit between thinking and answer. Times are milliseconds on the run's clock. */
import type { Reading } from '../stream/reading.ts';
import { afterFirst } from '../stream/speed.ts';

/** Shares of the time left reserved for the answer: before its duration can be estimated, and the maximum after. */
const RESERVE = { unmeasured: 1 / 3, most: 2 / 3 } as const;

/** Answers vary in length, and a second request adds a round trip. */
const MARGIN = 1.25;

/** Fewer tokens than this are too few to measure a speed. */
const LEAST_TOKENS_MEASURED = 8;

/** Times and lengths measured in earlier runs on the same server; absent: not measured yet. */
export type Pace = {
  /** the shortest time to a first token */
  readonly firstTokenMs?: number | undefined;
  /** in tokens; most answers were no longer */
  readonly usualAnswer?: number | undefined;
};

export type Deadline = {
  /** when the call must end; `Infinity` without a limit */
  readonly at: number;
  /** whether more time is left than the answer's reserve */
  leavesTimeToThink(now: number): boolean;
  /**
   * When thinking must end. The reserve for the answer is the first-token time plus the expected answer at the measured
   * speed. While no speed is known, the reserve is a third of the time left. If no first token has arrived, thinking
   * may use all the time: a second request would wait as long.
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
      // `answerTokens` is only a limit: before answers were seen, it must not raise the reserve
      const most = pace.usualAnswer === undefined ? unmeasured : left * RESERVE.most;
      return at - Math.min(needed * MARGIN, most);
    },
  };
}

/** First-token times include waiting in the server's queue, so the shortest one seen is used. */
function timeForAnswer(tokens: number, firstTokenMs: number, reading: Reading, pace: Pace): number | undefined {
  const behind = afterFirst([reading]);
  if (behind.tokens + 1 < LEAST_TOKENS_MEASURED) return undefined;
  return Math.min(firstTokenMs, pace.firstTokenMs ?? Infinity) + (tokens * behind.ms) / behind.tokens;
}
