/** The usual length of answers on one server, from the most recent answers. */

const MOST_KEPT = 64;

/** Fewer answers than this give no usual length. */
const LEAST_SEEN = 3;

/** The usual length is this percentile of the recent lengths. */
const PERCENTILE = 90;

export class AnswerLengths {
  readonly #recent: number[] = [];

  add(tokens: number): void {
    this.#recent.push(tokens);
    if (this.#recent.length > MOST_KEPT) this.#recent.shift();
  }

  /** In tokens; undefined while too few answers were seen. */
  get usual(): number | undefined {
    if (this.#recent.length < LEAST_SEEN) return undefined;
    const sorted = this.#recent.toSorted((a, b) => a - b);
    return sorted[Math.ceil((sorted.length * PERCENTILE) / 100) - 1];
  }
}
