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
  /** when the call must end; `Infinity` without a limit. It may move to an earlier time. */
  readonly at: number;
  /** for messages */
  readonly limit: TimeLimit;
  /** whether more time is left than the answer's reserve */
  leavesTimeToThink(now: number): boolean;
  /**
   * When thinking must end. The reserve for the answer is the first-token time plus the expected answer at the measured
   * speed. While no speed is known, the reserve is a third of the time left. If no first token has arrived, thinking
   * may use all the time: a second request would wait as long.
   */
  thinkingUntil(answerTokens: number, askedAt: number, reading: Reading): number;
};

/** What limits the time of a run, and how a caller gets more. */
export type TimeLimit = { readonly name: string; readonly fix: string };

/** The time at which every run of the process must end. */
export type Closing = TimeLimit & { readonly at: number };

const MAX_SECONDS: TimeLimit = { name: 'max_seconds', fix: 'raise max_seconds' };

export type Limits = {
  /** when the tool was called */
  readonly startedAt: number;
  readonly maxSeconds: number | undefined;
  /** undefined: no such time; it may be set at any time */
  readonly closing?: (() => Closing | undefined) | undefined;
  readonly pace?: Pace;
};

export function deadline({ startedAt, maxSeconds, closing, pace = {} }: Limits): Deadline {
  const own = { at: maxSeconds === undefined ? Infinity : startedAt + maxSeconds * 1000, ...MAX_SECONDS };
  const current = (): Closing => {
    const end = closing?.();
    return end === undefined || own.at <= end.at ? own : end;
  };
  return {
    get at() {
      return current().at;
    },
    get limit() {
      return current();
    },
    leavesTimeToThink(now) {
      const { at } = current();
      return at === Infinity || at - now > (at - startedAt) * RESERVE.unmeasured;
    },
    thinkingUntil(answerTokens, askedAt, reading) {
      const { at } = current();
      const { firstTokenAt } = reading;
      if (at === Infinity) return at;
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
