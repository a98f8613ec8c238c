/**
 * How fast one server has been, from recent runs: quantiles only. Values expire, because a server's load changes, and
 * because a run that avoids a slow server does not measure it again.
 */
import type { Pace } from '../budget/deadline.ts';
import { roughTokens, type Question } from '../prompt/question.ts';
import type { Request } from '../stream/requests.ts';
import { afterFirst, type Arrival } from '../stream/speed.ts';

const EXPIRES_AFTER_MS = 120_000;
const MOST_KEPT = 64;

/** Fewer values than this give no median and no usual length. */
const LEAST_SEEN = 3;

/** Most answers are no longer. */
const USUAL_ANSWER = 0.9;
/** Waits vary with the load: a reserve has to cover nearly all of them, and some more than that. */
const LONG_WAIT = { share: 0.95, margin: 1.25, medians: 4 } as const;
const MEDIAN = 0.5;

/** Prompts whose lengths differ by less than a factor of four wait alike. Rough, because a plan is made before rendering. */
const lengthClass = (question: Asked): number => Math.floor(Math.log2(Math.max(1, roughTokens(question))) / 2);

/** Values with their ages in milliseconds, oldest first. */
type Aged = readonly (readonly [age: number, value: number])[];

/** Quantiles of recent values. */
class Quantiles {
  #values: readonly { readonly at: number; readonly value: number }[] = [];

  add(value: number, now: number): void {
    this.#values = [...this.#values, { at: now, value }].slice(-MOST_KEPT);
  }

  /** Adds values that another process has seen. */
  recall(aged: Aged, now: number): void {
    const earlier = aged.map(([age, value]) => ({ at: now - age, value }));
    this.#values = [...earlier, ...this.#values].slice(-MOST_KEPT);
  }

  aged(now: number): Aged {
    return this.#values.map(({ at, value }) => [now - at, value]);
  }

  /** `share` from 0 to 1. undefined: too few values. `lasts`: they do not expire. */
  at(share: number, now: number, lasts = false): number | undefined {
    const sorted = this.#sorted(now, lasts);
    return sorted.length < LEAST_SEEN ? undefined : quantile(sorted, share);
  }

  /**
   * Hardly a value to come will be greater; from the first value on. Of n evenly spread values the greatest is n / (n + 1) of
   * their limit, on average. An outlier counts little: a server that has just loaded its model is slow once.
   */
  limit(now: number, lasts = false): number | undefined {
    const sorted = this.#sorted(now, lasts);
    const most = sorted.at(-1);
    if (most === undefined) return undefined;
    const [long, median] = [quantile(sorted, LONG_WAIT.share), quantile(sorted, MEDIAN)];
    return Math.min(most * (1 + 1 / sorted.length), long * LONG_WAIT.margin, median * LONG_WAIT.medians);
  }

  #sorted(now: number, lasts: boolean): readonly number[] {
    return this.#values
      .filter(({ at }) => lasts || now - at < EXPIRES_AFTER_MS)
      .map(({ value }) => value)
      .toSorted((a, b) => a - b);
  }
}

/** `sorted`: at least one value. */
function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] as number;
}

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
    const continuationMs = this.#continuations.at(LONG_WAIT.share, now);
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
