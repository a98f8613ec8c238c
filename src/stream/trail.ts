/**
 * The tokens of one stream beside their text. Where a chunk carried one id and brought text, all text so far belongs to
 * the ids so far: a boundary. The end of a chunk of several ids is one as well, unless the chunk ends within a character,
 * whose text then begins the next chunk: so text that begins with ASCII proves it. Boundaries within such a chunk are
 * found by detokenizing, and only when one is needed there. If that fails, the boundaries that are known have to do.
 */

/** `tokens` ids make exactly the first `chars` characters: a place where text may be cut. */
export type Boundary = { readonly tokens: number; readonly chars: number };

type Decode = (ids: readonly number[]) => Promise<string>;

/** The end of a chunk, or a place found within one. */
type Point = Boundary & {
  /** a boundary for certain; else it may lie within a character */
  sure: boolean;
  /** more boundaries may lie between here and the next point */
  open: boolean;
};

/** Stands where bytes do not make a character yet. */
const HALF_CHARACTER = '\uFFFD';

/** Places tried at once within one stretch: all of a short one; a longer one is divided so many times. */
const TRIED_AT_ONCE = 8;

const START: Boundary = { tokens: 0, chars: 0 };

export class Trail {
  /** none, or fewer than there are tokens, if they do not come */
  readonly ids: number[] = [];
  /** so far */
  tokens = 0;
  /** characters so far */
  length = 0;
  /** a place in the text could not be mapped to tokens, so what was counted there is estimated */
  isEstimated = false;
  readonly #texts: string[] = [];
  /** ascending; the first is the beginning */
  #points: Point[] = [{ ...START, sure: true, open: false }];
  readonly #decode: Decode;
  /** detokenizing failed once: it is not tried again */
  #isBlind = false;

  constructor(decode: Decode) {
    this.#decode = decode;
  }

  /** Without ids a chunk's own end is all that is known of where tokens end. */
  append(ids: readonly number[], text: string, tokens = ids.length): void {
    for (const id of ids) this.ids.push(id);
    this.tokens += tokens;
    // ids without text belong to a character that is not whole yet, or end the turn
    if (text === '') return;
    this.#texts.push(text);
    this.length += text.length;
    const last = this.#last();
    if (text.charCodeAt(0) < 0x80) last.sure = true;
    const isOne = ids.length < 2;
    if (!isOne) last.open = true;
    this.#points.push({ tokens: this.tokens, chars: this.length, sure: isOne, open: false });
  }

  /** The text from a character on. Costs what it returns, so a long stream can be searched as it grows. */
  since(chars: number): string {
    let from = this.length;
    let first = this.#texts.length;
    while (from > chars && first > 0) from -= this.#texts[--first]?.length ?? 0;
    const texts = first === this.#texts.length - 1 ? (this.#texts[first] ?? '') : this.#texts.slice(first).join('');
    return from === chars ? texts : texts.slice(Math.max(0, chars - from));
  }

  slice(from: number, to: number): string {
    return this.since(from).slice(0, Math.max(0, to - from));
  }

  /** The last boundary at or before so many tokens. */
  async boundaryByTokens(tokens: number): Promise<Boundary> {
    await this.#settle(() =>
      this.#pairs(
        (from, to) =>
          (from.tokens <= tokens && tokens < to.tokens && isOpen(from)) ||
          (to.tokens <= tokens && this.#isUnsureEnd(to)),
      ),
    );
    return this.#findLast((point) => point.tokens <= tokens);
  }

  /** The last boundary at or before so many characters: the tokens that lie wholly before the character at `chars`. */
  async boundaryByChars(chars: number): Promise<Boundary> {
    const left = await this.#settle(() =>
      this.#pairs(
        (from, to) =>
          (from.chars <= chars && chars < to.chars && isOpen(from)) || (to.chars <= chars && this.#isUnsureEnd(to)),
      ),
    );
    this.isEstimated ||= left;
    return this.#findLast((point) => point.chars <= chars);
  }

  /** The first boundary at or after so many characters: where a token that straddles them ends. */
  async boundaryAfterChars(chars: number): Promise<Boundary> {
    const left = await this.#settle(() =>
      this.#pairs((from, to) => from.chars < chars && chars <= to.chars && (isOpen(from) || !to.sure)),
    );
    this.isEstimated ||= left;
    return bare(this.#points.find((point) => point.sure && point.chars >= chars)) ?? this.#end();
  }

  /** The last boundary right behind a line end, with `after < tokens <= until`; none: undefined. */
  async lineEnd(after: number, until: number): Promise<Boundary | undefined> {
    await this.#settle(() =>
      this.#pairs(
        (from, to) =>
          from.tokens < until &&
          after < to.tokens &&
          (isOpen(from) || !to.sure) &&
          this.slice(from.chars, to.chars).includes('\n'),
      ),
    );
    return bare(
      this.#points.findLast(
        ({ tokens, chars, sure }) =>
          sure && tokens > after && tokens <= until && chars > 0 && this.slice(chars - 1, chars) === '\n',
      ),
    );
  }

  /** The boundary behind the last whole character; ids beyond it have no text of their own. */
  async whole(): Promise<Boundary> {
    const left = await this.#settle(() => this.#pairs((_, to) => this.#isUnsureEnd(to)));
    // no character that came is lost because nobody can say how many tokens it has
    return left ? (bare(this.#last()) ?? START) : this.#findLast(() => true);
  }

  #last(): Point {
    return this.#points.at(-1) as Point;
  }

  /** No text has come behind it that could prove it. */
  #isUnsureEnd(point: Point): boolean {
    return !point.sure && point === this.#last();
  }

  /** All ids and all characters; whether they belong together is not certain. */
  #end(): Boundary {
    return { tokens: this.tokens, chars: this.length };
  }

  #findLast(fits: (point: Point) => boolean): Boundary {
    return bare(this.#points.findLast((point) => point.sure && fits(point))) ?? START;
  }

  /** Neighbouring points, from the last back: what is asked for mostly lies near the end. */
  #pairs(concerns: (from: Point, to: Point) => boolean): (readonly [Point, Point])[] {
    const found: (readonly [Point, Point])[] = [];
    for (let index = this.#points.length - 1; index > 0; index--) {
      const [from, to] = [this.#points[index - 1] as Point, this.#points[index] as Point];
      if (concerns(from, to)) found.push([from, to]);
    }
    return found;
  }

  /** Divides what `unsettled` names, all of it at once, until it names nothing more. True: it had to give up. */
  async #settle(unsettled: () => (readonly [Point, Point])[]): Promise<boolean> {
    for (let work = unsettled(); work.length > 0; work = unsettled()) {
      if (this.#isBlind) return true;
      try {
        // oxlint-disable-next-line no-await-in-loop -- what one round finds decides on the next
        const found = await whenAllEnd(work.map(([from, to]) => this.#tried(from, to)));
        for (const apply of found) apply();
      } catch {
        this.#isBlind = true;
      }
    }
    return false;
  }

  /** Detokenizes beginnings of one stretch; what they tell is applied when all stretches of a round are there. */
  async #tried(from: Point, to: Point): Promise<() => void> {
    const count = to.tokens - from.tokens;
    let sizes = spread(count);
    let boundaries = await this.#boundariesAfter(from, sizes);
    if (boundaries === 'within a character') return () => this.#remove(from);
    if (sizes.length < count && boundaries.every(({ tokens }) => tokens === to.tokens)) {
      // in a long stretch none of the places tried was a boundary: all of them are tried
      sizes = Array.from({ length: count }, (_, less) => less + 1);
      const all = await this.#boundariesAfter(from, sizes);
      boundaries = all === 'within a character' ? boundaries : all;
    }
    const found = boundaries;
    return () => this.#divide(from, to, found, sizes.length === count);
  }

  /** Of the places so many tokens behind a point, those that are boundaries. */
  async #boundariesAfter(from: Point, sizes: readonly number[]): Promise<Boundary[] | 'within a character'> {
    const decode = (size: number): Promise<string> => this.#decode(this.ids.slice(from.tokens, from.tokens + size));
    const texts = await whenAllEnd(sizes.map(decode));
    // or a character begins here and does not end in this stretch: it is found again from the point before
    if (!from.sure && texts.every((text) => text.startsWith(HALF_CHARACTER))) return 'within a character';
    return texts.flatMap((text, index) => {
      const isWhole = !text.endsWith(HALF_CHARACTER) && this.slice(from.chars, from.chars + text.length) === text;
      return isWhole ? [{ tokens: from.tokens + (sizes[index] ?? 0), chars: from.chars + text.length }] : [];
    });
  }

  #divide(from: Point, to: Point, found: readonly Boundary[], isComplete: boolean): void {
    const index = this.#points.indexOf(from);
    // another stretch of the same round has shown that one of the two is none
    if (index === -1 || this.#points[index + 1] !== to) return;
    from.sure = true;
    from.open = !isComplete;
    const within = found.filter(({ tokens }) => tokens < to.tokens);
    this.#points.splice(index + 1, 0, ...within.map((at) => ({ ...at, sure: true, open: !isComplete })));
    // a tokenizer whose pieces read otherwise when they stand alone: the chunk's own end is all there is
    const isBelieved = isComplete && found.length === 0 && to.chars > from.chars;
    if (found.length > within.length || isBelieved) to.sure = true;
    else if (isComplete && !to.sure) this.#remove(to);
  }

  /** It lies within a character. */
  #remove(point: Point): void {
    const index = this.#points.indexOf(point);
    if (index < 1) return;
    const before = this.#points[index - 1] as Point;
    before.open = index < this.#points.length - 1;
    this.#points.splice(index, 1);
  }
}

/** Like `Promise.all`, but a failure does not leave the others behind, still under way. */
async function whenAllEnd<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

function isOpen({ sure, open }: Point): boolean {
  return open || !sure;
}

function bare(point: Point | undefined): Boundary | undefined {
  return point && { tokens: point.tokens, chars: point.chars };
}

/** Sizes of beginnings to try: all of a short stretch; of a longer one the first, its end, and some between. */
function spread(count: number): number[] {
  if (count <= TRIED_AT_ONCE) return Array.from({ length: count }, (_, less) => less + 1);
  const step = count / TRIED_AT_ONCE;
  return [...new Set([1, ...Array.from({ length: TRIED_AT_ONCE }, (_, part) => Math.round((part + 1) * step))])];
}
