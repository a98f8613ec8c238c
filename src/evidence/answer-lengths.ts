/** The usual length of answers on one server, from the most recent answers. */
import { Recent } from '../recent.ts';

const MOST_KEPT = 64;

/** Fewer answers than this give no usual length. */
const LEAST_SEEN = 3;

/** The usual length is this percentile of the recent lengths. */
const PERCENTILE = 90;

export class AnswerLengths {
  readonly #recent = new Recent(MOST_KEPT);

  add(tokens: number): void {
    this.#recent.add(tokens);
  }

  /** In tokens; undefined while too few answers were seen. */
  get usual(): number | undefined {
    const { sorted } = this.#recent;
    if (sorted.length < LEAST_SEEN) return undefined;
    return sorted[Math.ceil((sorted.length * PERCENTILE) / 100) - 1];
  }
}
