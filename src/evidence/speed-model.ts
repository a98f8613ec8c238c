/**
 * How fast one server has been, from recent runs: quantiles only. Values expire, because a server's load changes, and
 * because a run that avoids a slow server does not measure it again.
 */
import type { Pace } from '../budget/deadline.ts';
import { roughTokens, type Question } from '../prompt/question.ts';
import type { Request } from '../stream/requests.ts';
import { afterFirst, type Arrival } from '../stream/speed.ts';
import { MEDIAN, NEARLY_ALL, Quantiles, type Aged } from './quantiles.ts';

/** Most answers are no longer. */
const USUAL_ANSWER = 0.9;

/** Prompts whose lengths differ by less than a factor of four wait alike. Rough, because a plan is made before rendering. */
const lengthClass = (question: Asked): number => Math.floor(Math.log2(Math.max(1, roughTokens(question))) / 2);

export type TimedRequest = Pick<Request, 'askedAt'> & { readonly reading: Arrival };

/** `tool`: its answers are of a similar length. */
type Asked = Pick<Question, 'tool' | 'system' | 'user'>;

export type Measured = {
  readonly question: Asked;
  /** of one run: the first, and those that continue it */
  readonly requests: readonly TimedRequest[];
  /** undefined: the answer was cut by the deadline, or there was none */
  readonly answerTokens: number | undefined;
};

export class SpeedModel {
  /** by the length of the prompt */
  readonly #firstTokens = new Map<number, Quantiles>();
  readonly #continuations = new Quantiles();
  readonly #msPerToken = new Quantiles();
  readonly #answers = new Map<string, Quantiles>();

  /** `now`: the end of the run, or of its time. */
  add({ question, requests, answerTokens }: Measured, now: number): void {
    for (const [index, { askedAt, reading }] of requests.entries()) {
      // a token that did not come would have come later
      const waitedMs = (reading.firstTokenAt ?? now) - askedAt;
      const waits = index === 0 ? entry(this.#firstTokens, lengthClass(question)) : this.#continuations;
      waits.add(waitedMs, now);
    }
    const { tokens, ms } = afterFirst(requests.map(({ reading }) => reading));
    if (tokens > 0) this.#msPerToken.add(ms / tokens, now);
    if (answerTokens !== undefined) entry(this.#answers, question.tool ?? '').add(answerTokens, now);
  }

  /** Plain data, from which another process can go on. */
  toData(now: number): SpeedData {
    const all = <Key extends number | string>(map: ReadonlyMap<Key, Quantiles>): [Key, Aged][] =>
      [...map].map(([key, values]) => [key, values.aged(now)]);
    return {
      firstTokens: all(this.#firstTokens),
      continuations: this.#continuations.aged(now),
      msPerToken: this.#msPerToken.aged(now),
      answers: all(this.#answers),
    };
  }

  /** Adds what another process saw. `ageMs`: of the data. */
  recall({ firstTokens, continuations, msPerToken, answers }: SpeedData, ageMs: number, now: number): void {
    const then = now - ageMs;
    for (const [key, values] of firstTokens) entry(this.#firstTokens, key).recall(values, then);
    for (const [key, values] of answers) entry(this.#answers, key).recall(values, then);
    this.#continuations.recall(continuations, then);
    this.#msPerToken.recall(msPerToken, then);
  }

  speeds(now: number): Speeds {
    const msPerToken = this.#msPerToken.at(MEDIAN, now);
    const firstTokens = new Quantiles();
    for (const waits of this.#firstTokens.values()) firstTokens.recall(waits.aged(now), now);
    const firstTokenMs = firstTokens.at(MEDIAN, now);
    const continuationMs = this.#continuations.at(NEARLY_ALL, now);
    return {
      ...(msPerToken !== undefined && msPerToken > 0 && { tokensPerSecond: 1000 / msPerToken }),
      ...(firstTokenMs !== undefined && { firstTokenMs }),
      ...(continuationMs !== undefined && { continuationMs }),
    };
  }

  pace(question: Asked, now: number): Pace {
    const firstTokens = this.#firstTokens.get(lengthClass(question));
    const longestFirstTokenMs = firstTokens?.limit(now);
    return {
      leastFirstTokenMs: firstTokens?.at(0, now),
      firstTokenMs: firstTokens?.at(MEDIAN, now),
      longestFirstTokenMs,
      longestContinuationMs: this.#continuations.limit(now) ?? this.#earlierContinuations(longestFirstTokenMs, now),
      msPerToken: this.#msPerToken.at(MEDIAN, now),
      usualAnswer: this.#answers.get(question.tool ?? '')?.at(USUAL_ANSWER, now, true),
    };
  }

  /**
   * While no run continues a request, because thinking does not fit the time, waits of continuations are known from earlier
   * only. They are believed as far as first tokens, which are still measured, wait as long.
   */
  #earlierContinuations(longestFirstTokenMs: number | undefined, now: number): number | undefined {
    const earlier = this.#continuations.limit(now, true);
    if (earlier === undefined || longestFirstTokenMs === undefined) return undefined;
    return Math.min(earlier, longestFirstTokenMs);
  }
}

export type SpeedData = {
  /** by class of length */
  readonly firstTokens: readonly (readonly [number, Aged])[];
  readonly continuations: Aged;
  readonly msPerToken: Aged;
  /** by tool */
  readonly answers: readonly (readonly [string, Aged])[];
};

/** For operators; absent: too few calls in the last minutes. */
export type Speeds = {
  readonly tokensPerSecond?: number;
  /** at the median, of prompts of every length */
  readonly firstTokenMs?: number;
  /** nearly all requests that continued another had their first token within this time */
  readonly continuationMs?: number;
};

function entry<Key>(map: Map<Key, Quantiles>, key: Key): Quantiles {
  const found = map.get(key) ?? new Quantiles();
  map.set(key, found);
  return found;
}
