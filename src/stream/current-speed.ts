/** The speed of a stream while it arrives. The first chunk includes the prompt, so the time begins with it. */

/** Fewer tokens than this after the first chunk are too few to measure a speed. */
const LEAST_TOKENS = 7;

/** The recent speed is that of this many chunks. */
const RECENT_CHUNKS = 16;

export class CurrentSpeed {
  readonly #recent: { readonly at: number; readonly tokens: number }[] = [];
  #first: { readonly at: number; readonly tokens: number } | undefined;

  /** `tokens`: of the stream so far. */
  add(at: number, tokens: number): void {
    this.#first ??= { at, tokens };
    this.#recent.push({ at, tokens });
    if (this.#recent.length > RECENT_CHUNKS) this.#recent.shift();
  }

  /** The slower of the recent speed and that of the whole stream; undefined while too few tokens have arrived. */
  get msPerToken(): number | undefined {
    const last = this.#recent.at(-1);
    const [recent] = this.#recent;
    if (last === undefined || recent === undefined || this.#first === undefined) return undefined;
    if (last.tokens - this.#first.tokens < LEAST_TOKENS) return undefined;
    const since = ({ at, tokens }: { readonly at: number; readonly tokens: number }): number =>
      (last.at - at) / Math.max(1, last.tokens - tokens);
    return Math.max(since(recent), since(this.#first));
  }
}
