/**
 * The tokens of one stream beside their text. Where a chunk carried one id and brought text, all text so far belongs to
 * the ids so far: a boundary. Inside a stretch of chunks with several ids, boundaries are found by detokenizing, and only
 * when one in it is asked for: such a chunk may even end within a character whose text comes with the next.
 */

/** `tokens` ids make exactly the first `chars` characters: a place where text may be cut. */
export type Boundary = { readonly tokens: number; readonly chars: number };

type Decode = (ids: readonly number[]) => Promise<string>;

/** Stands where bytes do not make a character yet. */
const HALF_CHARACTER = '\uFFFD';

/** Longer stretches are halved until the place asked for is in a short one: fewer texts to ask for, and shorter ones. */
const MOST_AT_ONCE = 8;

/** A character is at most four bytes, so at most so many tokens. */
const TOKENS_OF_A_CHARACTER = 4;

const START: Boundary = { tokens: 0, chars: 0 };

export class Trail {
  /** none, or fewer than there are tokens, where they do not come */
  readonly ids: number[] = [];
  /** so far */
  tokens = 0;
  /** characters so far */
  length = 0;
  readonly #texts: string[] = [];
  /** ascending; the first is the empty one */
  readonly #boundaries: Boundary[] = [START];
  /** boundaries, by their tokens, with a chunk of several ids before the next: more may lie between */
  readonly #open = new Set<number>();
  /** where chunks of several ids ended: boundaries, unless within a character */
  readonly #claimed: Boundary[] = [];
  readonly #decode: Decode;

  constructor(decode: Decode) {
    this.#decode = decode;
  }

  /** Without ids a chunk's own end is all that is known of where tokens end. */
  append(ids: readonly number[], text: string, tokens = ids.length): void {
    const before = this.#last();
    this.ids.push(...ids);
    this.tokens += tokens;
    this.#texts.push(text);
    this.length += text.length;
    // ids without text belong to a character that is not whole yet, or end the turn
    if (text === '') return;
    if (ids.length < 2) {
      this.#boundaries.push(this.#end());
    } else {
      this.#open.add(before.tokens);
      this.#claimed.push(this.#end());
    }
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

  /** The last boundary at or before so many tokens. */
  async boundaryByTokens(tokens: number): Promise<Boundary> {
    await this.#settle((from, to) => from.tokens < tokens && tokens < to.tokens);
    return this.#boundaries.findLast((boundary) => boundary.tokens <= tokens) ?? START;
  }

  /** The last boundary at or before so many characters: the tokens that lie wholly before the character at `chars`. */
  async boundaryByChars(chars: number): Promise<Boundary> {
    await this.#settle((from, to) => from.chars < chars && chars < to.chars);
    return this.#boundaries.findLast((boundary) => boundary.chars <= chars) ?? START;
  }

  /** The first boundary at or after so many characters: where a token that straddles them ends. */
  async boundaryAfterChars(chars: number): Promise<Boundary> {
    await this.#settle((from, to) => from.chars < chars && chars < to.chars);
    return this.#boundaries.find((boundary) => boundary.chars >= chars) ?? this.#end();
  }

  /** The last boundary right behind a line end, with `after < tokens <= until`; none: undefined. */
  async lineEnd(after: number, until: number): Promise<Boundary | undefined> {
    await this.#settle((from, to) => from.tokens < until && after < to.tokens);
    return this.#boundaries.findLast(
      ({ tokens, chars }) => tokens > after && tokens <= until && chars > 0 && this.slice(chars - 1, chars) === '\n',
    );
  }

  /** The boundary behind the last whole character; ids beyond it have no text of their own. */
  async whole(): Promise<Boundary> {
    await this.#settle((_, to) => to.tokens === Infinity);
    return this.#last();
  }

  #last(): Boundary {
    return this.#boundaries.at(-1) ?? START;
  }

  /** All ids and all characters; whether they belong together is not certain. */
  #end(): Boundary {
    return { tokens: this.tokens, chars: this.length };
  }

  /** Finds boundaries in the open stretches that `concerns` picks; the last stretch has no boundary at its end. */
  async #settle(concerns: (from: Boundary, to: Boundary) => boolean): Promise<void> {
    const endless = { tokens: Infinity, chars: Infinity };
    for (;;) {
      const index = this.#boundaries.findIndex(
        (from, at) => this.#open.has(from.tokens) && concerns(from, this.#boundaries[at + 1] ?? endless),
      );
      const from = this.#boundaries[index];
      if (from === undefined) return;
      // oxlint-disable-next-line no-await-in-loop -- what one step finds decides on the next
      const found = await this.#within(from, this.#boundaries[index + 1] ?? this.#end());
      this.#boundaries.splice(index + 1, 0, ...found.boundaries);
      if (found.complete) this.#open.delete(from.tokens);
      // a stretch that was halved is open on both sides
      else for (const { tokens } of found.boundaries) this.#open.add(tokens);
    }
  }

  /** One step into a stretch: a boundary that divides it, or, in a short one, all of its boundaries. */
  async #within(from: Boundary, to: Boundary): Promise<{ boundaries: Boundary[]; complete: boolean }> {
    const inside = this.#claimed.filter(({ tokens }) => tokens > from.tokens && tokens < to.tokens);
    const claim = inside[Math.floor(inside.length / 2)];
    if (claim !== undefined) {
      this.#claimed.splice(this.#claimed.indexOf(claim), 1);
      return { boundaries: (await this.#endsWhole(claim)) ? [claim] : [], complete: false };
    }
    const tokens = to.tokens - from.tokens;
    if (tokens > MOST_AT_ONCE) {
      const middle = (await this.#after(from, Math.floor(tokens / 2), TOKENS_OF_A_CHARACTER))[0];
      if (middle !== undefined) return { boundaries: [middle], complete: false };
    }
    const ends = this.#isBoundary(to.tokens);
    const found = tokens > MOST_AT_ONCE ? [] : await this.#after(from, 1, ends ? tokens - 1 : tokens);
    // a tokenizer whose pieces read otherwise when they stand alone: the chunk's own end is all there is
    const believed = found.length === 0 && !ends && to.chars > from.chars ? [to] : found;
    return { boundaries: believed, complete: true };
  }

  /** Where the chunk ended there was no half character: the next id does not go on with one. */
  async #endsWhole({ tokens }: Boundary): Promise<boolean> {
    return !(await this.#decode(this.ids.slice(tokens, tokens + 1))).startsWith(HALF_CHARACTER);
  }

  #isBoundary(tokens: number): boolean {
    return this.#boundaries.some((boundary) => boundary.tokens === tokens);
  }

  /** Of the places `first`, `first + 1`, … tokens behind a boundary, `count` of them, those that are boundaries. */
  async #after(from: Boundary, first: number, count: number): Promise<Boundary[]> {
    const sizes = Array.from({ length: count }, (_, more) => first + more);
    const texts = await Promise.all(sizes.map((size) => this.#decode(this.ids.slice(from.tokens, from.tokens + size))));
    return texts.flatMap((text, index) => {
      const whole = !text.endsWith(HALF_CHARACTER) && this.slice(from.chars, from.chars + text.length) === text;
      return whole ? [{ tokens: from.tokens + (sizes[index] ?? 0), chars: from.chars + text.length }] : [];
    });
  }
}
