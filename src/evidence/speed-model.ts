/**
 * How fast one server has been, from recent runs: quantiles only. Values expire, because a server's load changes, and
 * because a run that avoids a slow server does not measure it again.
 */
import type { Pace } from '../budget/deadline.ts';
import type { Request } from '../stream/requests.ts';
import { afterFirst, type Arrival } from '../stream/speed.ts';

const EXPIRES_AFTER_MS = 120_000;
const MOST_KEPT = 64;

/** Fewer values than this give no quantile. */
const LEAST_SEEN = 3;

/** Most answers are no longer. */
const USUAL_ANSWER = 0.9;
/** Waits vary with the load: a reserve has to cover nearly all of them. */
const LONG_WAIT = 0.95;
/** A server that has just loaded its model is slow once. */
const MEDIAN = 0.5;

/** Prompts whose lengths differ by less than a factor of four wait alike. */
const lengthClass = (promptTokens: number): number => Math.floor(Math.log2(Math.max(1, promptTokens)) / 2);

/** Quantiles of recent values. */
class Quantiles {
  readonly #values: { readonly at: number; readonly value: number }[] = [];

  add(value: number, now: number): void {
    this.#values.push({ at: now, value });
    if (this.#values.length > MOST_KEPT) this.#values.shift();
  }

  /** `share` from 0 to 1. undefined: too few values. `lasts`: they do not expire. */
  at(share: number, now: number, lasts = false): number | undefined {
    const values = this.#values.filter(({ at }) => lasts || now - at < EXPIRES_AFTER_MS);
    if (values.length < LEAST_SEEN) return undefined;
    const sorted = values.map(({ value }) => value).toSorted((a, b) => a - b);
    return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  }
}

export type TimedRequest = Pick<Request, 'askedAt'> & {
  readonly from: Pick<Request['from'], 'promptTokens'>;
  readonly reading: Arrival;
};

export type Measured = {
  /** names what the question was for: its answers are of a similar length */
  readonly tool: string;
  /** of one run: the first, and those that continue it */
  readonly requests: readonly TimedRequest[];
  /** undefined: the answer was cut by the deadline, or there was none */
  readonly answerTokens: number | undefined;
};

export class SpeedModel {
  /** by the length of the prompt */
  readonly #firstTokens = new Map<number, Quantiles>();
  readonly #allFirstTokens = new Quantiles();
  readonly #continuations = new Quantiles();
  readonly #msPerToken = new Quantiles();
  readonly #answers = new Map<string, Quantiles>();

  /** `now`: the end of the run, or of its time. */
  add({ tool, requests, answerTokens }: Measured, now: number): void {
    for (const [index, { askedAt, from, reading }] of requests.entries()) {
      // a token that did not come would have come later
      const waitedMs = (reading.firstTokenAt ?? now) - askedAt;
      if (index === 0) this.#allFirstTokens.add(waitedMs, now);
      const waits = index === 0 ? entry(this.#firstTokens, lengthClass(from.promptTokens)) : this.#continuations;
      waits.add(waitedMs, now);
    }
    const { tokens, ms } = afterFirst(requests.map(({ reading }) => reading));
    if (tokens > 0) this.#msPerToken.add(ms / tokens, now);
    if (answerTokens !== undefined) entry(this.#answers, tool).add(answerTokens, now);
  }

  speeds(now: number): Speeds {
    const msPerToken = this.#msPerToken.at(MEDIAN, now);
    const firstTokenMs = this.#allFirstTokens.at(MEDIAN, now);
    const continuationMs = this.#continuations.at(LONG_WAIT, now);
    return {
      ...(msPerToken !== undefined && msPerToken > 0 && { tokensPerSecond: 1000 / msPerToken }),
      ...(firstTokenMs !== undefined && { firstTokenMs }),
      ...(continuationMs !== undefined && { continuationMs }),
    };
  }

  pace(tool: string, promptTokens: number, now: number): Pace {
    return {
      firstTokenMs: this.#firstTokens.get(lengthClass(promptTokens))?.at(MEDIAN, now),
      continuationMs: this.#continuations.at(LONG_WAIT, now),
      msPerToken: this.#msPerToken.at(MEDIAN, now),
      usualAnswer: this.#answers.get(tool)?.at(USUAL_ANSWER, now, true),
    };
  }
}

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
