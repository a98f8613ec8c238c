/**
 * The tokens of one stream beside their text. Which token holds which character is known where a chunk carried one
 * id; inside a chunk of several, only that stretch is detokenized, and only when a boundary in it is asked for.
 */

/** `tokens` ids make exactly the first `chars` characters: a place where text may be cut. */
export type Boundary = { readonly tokens: number; readonly chars: number };

type Decode = (ids: readonly number[]) => Promise<string>;

/** Stands where bytes do not make a character yet. */
const HALF_CHARACTER = '\uFFFD';

/** Longer stretches are halved until the place asked for is in a short one: fewer texts to ask for, and shorter ones. */
const MOST_AT_ONCE = 8;

export class Trail {
  readonly ids: number[] = [];
  /** characters so far */
  length = 0;
  readonly #texts: string[] = [];
  /** ascending; the first is the empty boundary */
  readonly #boundaries: Boundary[] = [{ tokens: 0, chars: 0 }];
  /** where a stretch begins that a chunk of several ids left open; it ends at the next boundary */
  readonly #open = new Set<number>();
  readonly #decode: Decode;

  constructor(decode: Decode) {
    this.#decode = decode;
  }

  append(ids: readonly number[], text: string): void {
    this.ids.push(...ids);
    this.#texts.push(text);
    this.length += text.length;
    // an id without text belongs to a character that is not whole yet, or ends the turn
    if (text === '') return;
    // of several ids the last may itself be half a character: their places are believed only after detokenizing
    if (ids.length > 1) this.#open.add(this.#last().tokens);
    this.#boundaries.push({ tokens: this.ids.length, chars: this.length });
  }

  /** The text from a character on. Costs what it returns, so a long stream can be searched as it grows. */
  since(chars: number): string {
    let from = this.length;
    let first = this.#texts.length;
    while (from > chars && first > 0) from -= this.#texts[--first]?.length ?? 0;
    return this.#texts
      .slice(first)
      .join('')
      .slice(Math.max(0, chars - from));
  }

  slice(from: number, to: number): string {
    return this.since(from).slice(0, Math.max(0, to - from));
  }

  #last(): Boundary {
    return this.#boundaries.at(-1) ?? { tokens: 0, chars: 0 };
  }

  /** The last boundary at or before so many tokens. */
  async boundaryByTokens(tokens: number): Promise<Boundary> {
    const claimed = this.#last().tokens;
    await this.#settle((from, to) => from.tokens <= tokens && (to.tokens >= tokens || to.tokens === claimed));
    return this.#boundaries.findLast((boundary) => boundary.tokens <= tokens) ?? { tokens: 0, chars: 0 };
  }

  /** The last boundary at or before so many characters: the tokens that lie wholly before the character at `chars`. */
  async boundaryByChars(chars: number): Promise<Boundary> {
    await this.#settle((from, to) => from.chars <= chars && to.chars >= chars);
    return this.#boundaries.findLast((boundary) => boundary.chars <= chars) ?? { tokens: 0, chars: 0 };
  }

  /** The first boundary at or after so many characters: where a token that straddles them ends. */
  async boundaryAfterChars(chars: number): Promise<Boundary> {
    await this.#settle((from, to) => from.chars <= chars && to.chars >= chars);
    return (
      this.#boundaries.find((boundary) => boundary.chars >= chars) ?? { tokens: this.ids.length, chars: this.length }
    );
  }

  /** The last boundary right behind a line end, with `after < tokens <= until`; none: undefined. */
  async lineEnd(after: number, until: number): Promise<Boundary | undefined> {
    await this.#settle((from, to) => from.tokens <= until && to.tokens > after);
    return this.#boundaries.findLast(
      ({ tokens, chars }) => tokens > after && tokens <= until && chars > 0 && this.slice(chars - 1, chars) === '\n',
    );
  }

  /** The boundary behind the last whole character; ids beyond it have no text of their own. */
  async whole(): Promise<Boundary> {
    const claimed = this.#last().tokens;
    await this.#settle((_, to) => to.tokens === claimed);
    return this.#last();
  }

  /** Detokenizes the open stretches that `concerns` picks. */
  async #settle(concerns: (from: Boundary, to: Boundary) => boolean): Promise<void> {
    for (;;) {
      const index = this.#boundaries.findIndex((from, at) => {
        const to = this.#boundaries[at + 1];
        return to !== undefined && this.#open.has(from.tokens) && concerns(from, to);
      });
      if (index === -1) return;
      // oxlint-disable-next-line no-await-in-loop -- a stretch may end where the next begins
      await this.#resolve(index);
    }
  }

  /** Finds boundaries within the stretch between this one and the next: all, or one in the middle of a long stretch. */
  async #resolve(index: number): Promise<void> {
    const [before, from, to] = [this.#boundaries[index - 1], this.#boundaries[index], this.#boundaries[index + 1]];
    if (from === undefined || to === undefined) return;
    if (before !== undefined && this.#open.has(before.tokens) && (await this.#startsWithin(from))) {
      await this.#resolve(index - 1);
      return;
    }
    const middle = to.tokens - from.tokens > MOST_AT_ONCE ? await this.#middle(from, to) : undefined;
    if (middle !== undefined) {
      this.#boundaries.splice(index + 1, 0, middle);
      this.#open.add(middle.tokens);
      return;
    }
    this.#open.delete(from.tokens);
    const sizes = Array.from({ length: to.tokens - from.tokens }, (_, size) => size + 1);
    const found = (await Promise.all(sizes.map((size) => this.#boundaryAfter(from, size)))).filter(isBoundary);
    // a tokenizer whose pieces read otherwise when they stand alone: the chunk's own end is all there is
    const inner = found.length === 0 ? [to] : found;
    this.#boundaries.splice(index + 1, 1, ...inner);
    const end = inner.at(-1) ?? to;
    // the chunk ended within a character, so what follows hangs together with its last ids
    if (end.tokens !== to.tokens && this.#boundaries.length > index + 1 + inner.length) this.#open.add(end.tokens);
  }

  /** The chunk before ended within a character, so that the place where it was thought to end is none to cut at. */
  async #startsWithin({ tokens }: Boundary): Promise<boolean> {
    return (await this.#decode(this.ids.slice(tokens, tokens + 1))).startsWith(HALF_CHARACTER);
  }

  async #middle(from: Boundary, to: Boundary): Promise<Boundary | undefined> {
    const half = Math.floor((to.tokens - from.tokens) / 2);
    const around = await Promise.all([0, 1, 2, 3].map((more) => this.#boundaryAfter(from, half + more)));
    return around.find(isBoundary);
  }

  /** The boundary so many ids behind another, where they make whole characters of the text. */
  async #boundaryAfter(from: Boundary, size: number): Promise<Boundary | undefined> {
    const start = await this.#decode(this.ids.slice(from.tokens, from.tokens + size));
    const isWhole = !start.endsWith(HALF_CHARACTER) && this.slice(from.chars, from.chars + start.length) === start;
    return isWhole ? { tokens: from.tokens + size, chars: from.chars + start.length } : undefined;
  }
}

function isBoundary(boundary: Boundary | undefined): boundary is Boundary {
  return boundary !== undefined;
}
