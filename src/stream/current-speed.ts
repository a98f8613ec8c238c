/** The speed of a stream while it arrives. The first chunk includes the prompt, so the time begins with it. */

/** Fewer tokens than this after the first chunk are too few to measure a speed. */
const LEAST_TOKENS = 7;

/** The recent speed is that of this many chunks. */
const RECENT_CHUNKS = 16;

type Sample = { readonly at: number; readonly tokens: number };

export class CurrentSpeed {
  /** the latest replaces the oldest */
  readonly #recent: Sample[] = [];
  #first: Sample | undefined;
  #last: Sample | undefined;
  #oldest = 0;

  /** `tokens`: of the stream so far. */
  add(at: number, tokens: number): void {
    const sample = { at, tokens };
    this.#first ??= sample;
    this.#last = sample;
    this.#recent[this.#oldest] = sample;
    this.#oldest = (this.#oldest + 1) % RECENT_CHUNKS;
  }

  /** The slower of the recent speed and that of the whole stream; undefined while too few tokens have arrived. */
  get msPerToken(): number | undefined {
    const [first, last] = [this.#first, this.#last];
    if (first === undefined || last === undefined || last.tokens - first.tokens < LEAST_TOKENS) return undefined;
    return Math.max(between(this.#recent[this.#oldest] ?? first, last), between(first, last));
  }
}

function between(from: Sample, to: Sample): number {
  return (to.at - from.at) / Math.max(1, to.tokens - from.tokens);
}
