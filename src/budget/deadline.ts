/** Shares the caller's time limit between thinking and answer. Times are milliseconds on the run's clock. */
import type { Reading } from '../stream/reading.ts';

/** Reserved for the answer: at least this share of the whole time; at most these shares of the time left. */
const RESERVE = {
  /** slack for a server that becomes slower */
  least: 0.1,
  /** while nothing was measured, or no answer was seen: `answerTokens` is only a limit */
  unmeasured: 1 / 3,
  most: 2 / 3,
} as const;

/** Answers vary in length, and speeds and waits in time. */
const MARGIN = 1.25;

/** Times and lengths measured in earlier runs on the same server; absent: not measured. */
export type Pace = {
  /** until the first token of a prompt of such a length: the shortest, the median, and hardly a wait is longer */
  readonly leastFirstTokenMs?: number | undefined;
  readonly firstTokenMs?: number | undefined;
  readonly longestFirstTokenMs?: number | undefined;
  /** until the first token of a request that continues another; hardly a wait is longer */
  readonly longestContinuationMs?: number | undefined;
  /** of one generation, at the median */
  readonly msPerToken?: number | undefined;
  /** in tokens; most answers were no longer */
  readonly usualAnswer?: number | undefined;
};

/** What limits the time of a run, and how a caller gets more. */
export type TimeLimit = { readonly name: string; readonly fix: string };

/** The time at which every run of the process must end. */
export type Closing = TimeLimit & { readonly at: number };

const MAX_SECONDS: TimeLimit = { name: 'max_seconds', fix: 'raise max_seconds' };

const OTHER_CALLS: TimeLimit = {
  name: 'the time that other waiting calls need',
  fix: 'raise max_seconds, or make fewer calls at a time',
};

type Limits = {
  /** when the tool was called */
  readonly startedAt: number;
  readonly maxSeconds: number | undefined;
  /** undefined: no such time; it may be set at any time */
  readonly closing?: (() => Closing | undefined) | undefined;
  /** when this run should end, so that calls that wait get their turn; `at` is its own end */
  readonly turnEnds?: ((at: number) => number) | undefined;
  readonly pace?: Pace;
};

export class Deadline {
  readonly #limits: Limits;
  readonly #own: Closing;
  readonly #pace: Pace;
  /** what limited the thinking, as of the last `thinkingUntil` */
  thinkingLimit: TimeLimit = MAX_SECONDS;

  constructor(limits: Limits) {
    const { startedAt, maxSeconds } = limits;
    this.#limits = limits;
    this.#own = { at: maxSeconds === undefined ? Infinity : startedAt + maxSeconds * 1000, ...MAX_SECONDS };
    this.#pace = limits.pace ?? {};
  }

  /** When the call must end; `Infinity` without a limit. It may move to an earlier time. */
  get at(): number {
    return this.#end.at;
  }

  /** for messages */
  get limit(): TimeLimit {
    return this.#end;
  }

  /** The least time in which an answer has been possible; 0: not measured. */
  get leastMs(): number {
    return this.#pace.leastFirstTokenMs ?? 0;
  }

  /** What leaves no time for a first token, some thinking, and an answer; undefined: there is time. */
  leavesNoThinking(now: number, answerTokens: number): 'its own time' | 'other calls' | undefined {
    const end = this.#end;
    if (end.at === Infinity) return undefined;
    const { longestFirstTokenMs: first = 0, longestContinuationMs: wait = 0, msPerToken, usualAnswer } = this.#pace;
    const isMeasured = msPerToken !== undefined && usualAnswer !== undefined;
    const answer = isMeasured ? this.#needed(answerTokens, wait, msPerToken) : wait + this.#whole * RESERVE.unmeasured;
    if (end.at - now <= first + answer) return 'its own time';
    // thinking that ends with its first token would only take time from calls that wait
    return isMeasured && this.#turnEnds(end.at) - now <= first + answer ? 'other calls' : undefined;
  }

  /** How many of `budget` tokens the time is expected to allow; all of them while the speed is not measured. */
  plannedTokens(now: number, budget: number, answerTokens: number): number {
    const { at } = this.#end;
    const { firstTokenMs = 0, longestContinuationMs = firstTokenMs, msPerToken } = this.#pace;
    if (at === Infinity || msPerToken === undefined || msPerToken === 0) return budget;
    const left = at - now - firstTokenMs;
    const time = left - this.#reserve(left, answerTokens, longestContinuationMs, msPerToken);
    return Math.max(0, Math.min(budget, Math.floor(time / msPerToken)));
  }

  /**
   * When thinking must end. The reserve for the answer is the wait for its first token plus the expected answer at the
   * current speed. If no first token has arrived, thinking may use all the time: a second request would wait as long.
   */
  thinkingUntil(answerTokens: number, askedAt: number, { firstTokenAt, speed }: Timed): number {
    const end = this.#end;
    if (end.at === Infinity || firstTokenAt === undefined) return end.at;
    const turn = this.#turnEnds(end.at);
    this.thinkingLimit = turn < end.at ? OTHER_CALLS : end;
    const at = Math.max(firstTokenAt, Math.min(end.at, turn));
    const waitMs = this.#pace.longestContinuationMs ?? (firstTokenAt - askedAt) * MARGIN;
    return at - this.#reserve(at - firstTokenAt, answerTokens, waitMs, speed.msPerToken ?? this.#pace.msPerToken);
  }

  get #end(): Closing {
    const end = this.#limits.closing?.();
    return end === undefined || this.#own.at <= end.at ? this.#own : end;
  }

  #turnEnds(at: number): number {
    return this.#limits.turnEnds?.(at) ?? Infinity;
  }

  get #whole(): number {
    return this.at - this.#limits.startedAt;
  }

  #reserve(left: number, answerTokens: number, waitMs: number, msPerToken: number | undefined): number {
    if (msPerToken === undefined) return left * RESERVE.unmeasured;
    const { usualAnswer, longestContinuationMs } = this.#pace;
    const most = usualAnswer === undefined ? RESERVE.unmeasured : RESERVE.most;
    const needed = this.#needed(answerTokens, waitMs, msPerToken);
    if (longestContinuationMs === undefined) return Math.min(needed, left * most);
    // without its first token there is no answer at all, so the wait has its whole time
    const wait = Math.min(left, waitMs);
    return Math.min(needed, wait + (left - wait) * most);
  }

  #needed(answerTokens: number, waitMs: number, msPerToken: number): number {
    const expected = Math.min(answerTokens, this.#pace.usualAnswer ?? Infinity);
    return Math.max(waitMs + expected * msPerToken * MARGIN, this.#whole * RESERVE.least);
  }
}

type Timed = Pick<Reading, 'firstTokenAt' | 'speed'>;
