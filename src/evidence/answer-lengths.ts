/** How long answers are on a server, from the most recent ones. */

const MOST_KEPT = 64;

/** Fewer than this are no measure. */
const LEAST_SEEN = 3;

/** Of a hundred answers, so many are not longer than the usual length. */
const PERCENTILE = 90;

export class AnswerLengths {
  readonly #recent: number[] = [];

  add(tokens: number): void {
    this.#recent.push(tokens);
    if (this.#recent.length > MOST_KEPT) this.#recent.shift();
  }

  /** In tokens; undefined while too few were seen. */
  get usual(): number | undefined {
    if (this.#recent.length < LEAST_SEEN) return undefined;
    const sorted = this.#recent.toSorted((a, b) => a - b);
    return sorted[Math.ceil((sorted.length * PERCENTILE) / 100) - 1];
  }
}
