/**
 * Maps the tokens of one stream to their text. At a boundary, the ids so far make exactly the text so far.
 *
 * - A chunk with one id and some text ends at a boundary.
 * - A chunk with several ids ends at a boundary unless it ends within a character, whose text then begins the next
 *   chunk. If the next chunk's text begins with ASCII, the boundary is certain.
 * - Boundaries inside a chunk of several ids are found by detokenizing, only when one is needed. If detokenizing fails,
 *   the known boundaries are used.
 * - A chunk of several tokens without ids has a boundary after each word, where the number of tokens is estimated.
 */

/** `tokens` ids make exactly the first `chars` characters, so text may be cut here. */
export type Boundary = { readonly tokens: number; readonly chars: number };

type Decode = (ids: readonly number[]) => Promise<string>;

/** The end of a chunk, or a position found inside one. */
type Point = Boundary & {
  /** certainly a boundary; if false, the point may lie within a character */
  sure: boolean;
  /** more boundaries may lie between here and the next point */
  open: boolean;
  /** the number of tokens is in proportion to the text of a chunk without ids */
  readonly estimated?: boolean;
};

/**
 * Words with the space before them, line ends, and signs of scripts that are written without spaces. A long word is
 * divided.
 */
const WORDS = /\n+|[^\S\n]*(?:[\x21-\x7e]{1,16}|[^\s\x21-\x7e])|[^\S\n]+/gu;

/** Detokenizers print this character for bytes that do not make a whole character yet. */
const HALF_CHARACTER = '\uFFFD';

/** Positions tried at once between two points. A stretch of at most this many tokens is tried at every token. */
const TRIED_AT_ONCE = 8;

const START: Boundary = { tokens: 0, chars: 0 };

export class Trail {
  /** fewer ids than tokens, or none, if the server does not send ids */
  readonly ids: number[] = [];
  /** by token, where the engine reports them: how near the model was to the end marker (`Piece.margins`) */
  readonly margins: (number | undefined)[] = [];
  tokens = 0;
  /** characters so far */
  length = 0;
  /** a position in the text could not be mapped to tokens exactly, so the token count there is an estimate */
  isEstimated = false;
  readonly #texts: string[] = [];
  /** ascending; the first point is the beginning of the stream */
  #points: Point[] = [{ ...START, sure: true, open: false }];
  readonly #decode: Decode;
  /** detokenizing failed once and is not tried again */
  #isBlind = false;

  constructor(decode: Decode) {
    this.#decode = decode;
  }

  append(ids: readonly number[], text: string, tokens = ids.length, margins?: readonly number[]): void {
    for (const id of ids) this.ids.push(id);
    margins?.forEach((margin, index) => (this.margins[this.tokens + index] = margin));
    this.tokens += tokens;
    // ids without text are part of an incomplete character, or the end-of-turn token
    if (text === '') return;
    this.#texts.push(text);
    this.length += text.length;
    const last = this.#last();
    if (text.charCodeAt(0) < 0x80) last.sure = true;
    const isOne = ids.length < 2;
    if (!isOne) last.open = true;
    if (ids.length === 0 && tokens > 1) this.#appendWords(last, text);
    this.#points.push({ tokens: this.tokens, chars: this.length, sure: isOne, open: false });
  }

  /** Boundaries after the words of a chunk without ids, except its end. */
  #appendWords(from: Point, text: string): void {
    const perChar = (this.tokens - from.tokens) / text.length;
    let chars = 0;
    for (const [word] of text.matchAll(WORDS)) {
      chars += word.length;
      if (chars >= text.length) return;
      const tokens = from.tokens + Math.ceil(chars * perChar);
      this.#points.push({ tokens, chars: from.chars + chars, sure: true, open: false, estimated: true });
    }
  }

  /** The text from a character on. The cost depends only on the text returned, so a long stream is cheap to search. */
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

  /** The last boundary at or before this number of tokens. */
  async boundaryByTokens(tokens: number): Promise<Boundary> {
    await this.#findBoundaries(() =>
      this.#pairs(
        (from, to) =>
          (from.tokens <= tokens && tokens < to.tokens && isOpen(from)) ||
          (to.tokens <= tokens && this.#isUnsureEnd(to)),
      ),
    );
    return this.#findLast((point) => point.tokens <= tokens);
  }

  /** The last boundary at or before `chars`: the tokens that lie wholly before that character. */
  async boundaryByChars(chars: number): Promise<Boundary> {
    const left = await this.#findBoundaries(() =>
      this.#pairs(
        (from, to) =>
          (from.chars <= chars && chars < to.chars && isOpen(from)) || (to.chars <= chars && this.#isUnsureEnd(to)),
      ),
    );
    this.isEstimated ||= left;
    return this.#findLast((point) => point.chars <= chars);
  }

  /** The first boundary at or after `chars`: the end of a token that straddles that position. */
  async boundaryAfterChars(chars: number): Promise<Boundary> {
    const left = await this.#findBoundaries(() =>
      this.#pairs((from, to) => from.chars < chars && chars <= to.chars && (isOpen(from) || !to.sure)),
    );
    this.isEstimated ||= left;
    return this.#take(this.#points.find((point) => point.sure && point.chars >= chars)) ?? this.#end();
  }

  /** The last boundary directly after a line end, with `after < tokens <= until`; undefined if none exists. */
  async lineEnd(after: number, until: number): Promise<Boundary | undefined> {
    await this.#findBoundaries(() =>
      this.#pairs(
        (from, to) =>
          from.tokens < until &&
          after < to.tokens &&
          (isOpen(from) || !to.sure) &&
          this.slice(from.chars, to.chars).includes('\n'),
      ),
    );
    return this.#take(
      this.#points.findLast(
        ({ tokens, chars, sure }) =>
          sure && tokens > after && tokens <= until && chars > 0 && this.slice(chars - 1, chars) === '\n',
      ),
    );
  }

  /** The known boundaries directly after line ends, beyond this number of tokens. Asks for nothing. */
  lineEndsAfter(tokens: number): number[] {
    const found: number[] = [];
    for (let index = this.#points.length - 1; index > 0; index--) {
      const point = this.#points[index] as Point;
      if (point.tokens <= tokens) break;
      if (point.sure && this.slice(point.chars - 1, point.chars) === '\n') found.unshift(point.tokens);
    }
    return found;
  }

  /** The boundary after the last whole character. The ids after that boundary have no text. */
  async whole(): Promise<Boundary> {
    const left = await this.#findBoundaries(() => this.#pairs((_, to) => this.#isUnsureEnd(to)));
    // if the boundary cannot be found, the received characters are kept all the same
    return left ? (bare(this.#last()) ?? START) : this.#findLast(() => true);
  }

  /** Forgets ids at the end that make no whole character, and returns their number: a continuation generates them again. */
  async dropHalfCharacter(): Promise<number> {
    const { tokens, chars } = await this.whole();
    if (chars < this.length) return 0;
    const dropped = this.tokens - tokens;
    this.tokens = tokens;
    this.ids.length = Math.min(this.ids.length, tokens);
    this.margins.length = Math.min(this.margins.length, tokens);
    return dropped;
  }

  #last(): Point {
    return this.#points.at(-1) as Point;
  }

  /** The last point, while no later text proves that it is a boundary. */
  #isUnsureEnd(point: Point): boolean {
    return !point.sure && point === this.#last();
  }

  /** All ids and all characters. The ids may extend beyond the characters. */
  #end(): Boundary {
    return { tokens: this.tokens, chars: this.length };
  }

  #findLast(fits: (point: Point) => boolean): Boundary {
    return this.#take(this.#points.findLast((point) => point.sure && fits(point))) ?? START;
  }

  #take(point: Point | undefined): Boundary | undefined {
    this.isEstimated ||= point?.estimated === true;
    return bare(point);
  }

  /** Neighbouring points, last pair first: most queries concern the end of the stream. */
  #pairs(concerns: (from: Point, to: Point) => boolean): (readonly [Point, Point])[] {
    const found: (readonly [Point, Point])[] = [];
    for (let index = this.#points.length - 1; index > 0; index--) {
      const [from, to] = [this.#points[index - 1] as Point, this.#points[index] as Point];
      if (concerns(from, to)) found.push([from, to]);
    }
    return found;
  }

  /** Divides all stretches that `missing` returns, in rounds, until it returns none. True: detokenizing failed. */
  async #findBoundaries(missing: () => (readonly [Point, Point])[]): Promise<boolean> {
    for (let work = missing(); work.length > 0; work = missing()) {
      if (this.#isBlind) return true;
      try {
        // oxlint-disable-next-line no-await-in-loop -- the result of one round decides the next
        const found = await whenAllEnd(work.map(([from, to]) => this.#tried(from, to)));
        for (const apply of found) apply();
      } catch {
        this.#isBlind = true;
      }
    }
    return false;
  }

  /** Detokenizes beginnings of one stretch. The result is applied later, when all stretches of the round are done. */
  async #tried(from: Point, to: Point): Promise<() => void> {
    const count = to.tokens - from.tokens;
    let sizes = spread(count);
    let boundaries = await this.#boundariesAfter(from, sizes);
    if (boundaries === 'within a character') return () => this.#remove(from);
    if (sizes.length < count && boundaries.every(({ tokens }) => tokens === to.tokens)) {
      // no position tried in a long stretch was a boundary: every position is tried
      sizes = Array.from({ length: count }, (_, less) => less + 1);
      const all = await this.#boundariesAfter(from, sizes);
      boundaries = all === 'within a character' ? boundaries : all;
    }
    const found = boundaries;
    return () => this.#divide(from, to, found, sizes.length === count);
  }

  /** The boundaries among the positions at these distances, in tokens, after a point. */
  async #boundariesAfter(from: Point, sizes: readonly number[]): Promise<Boundary[] | 'within a character'> {
    const decode = (size: number): Promise<string> => this.#decode(this.ids.slice(from.tokens, from.tokens + size));
    const texts = await whenAllEnd(sizes.map(decode));
    // `from` lies within a character that does not end in this stretch: the search restarts from the point before
    if (!from.sure && texts.every((text) => text.startsWith(HALF_CHARACTER))) return 'within a character';
    return texts.flatMap((text, index) => {
      const isWhole = !text.endsWith(HALF_CHARACTER) && this.slice(from.chars, from.chars + text.length) === text;
      return isWhole ? [{ tokens: from.tokens + (sizes[index] ?? 0), chars: from.chars + text.length }] : [];
    });
  }

  #divide(from: Point, to: Point, found: readonly Boundary[], isComplete: boolean): void {
    const index = this.#points.indexOf(from);
    // another stretch of the same round has removed one of the two points
    if (index === -1 || this.#points[index + 1] !== to) return;
    from.sure = true;
    from.open = !isComplete;
    const within = found.filter(({ tokens }) => tokens < to.tokens);
    this.#points.splice(index + 1, 0, ...within.map((at) => ({ ...at, sure: true, open: !isComplete })));
    // some tokenizers decode a piece differently when it stands alone: only the chunk's end is left as a boundary
    const isBelieved = isComplete && found.length === 0 && to.chars > from.chars;
    if (found.length > within.length || isBelieved) to.sure = true;
    else if (isComplete && !to.sure) this.#remove(to);
  }

  /** Removes a point that lies within a character. */
  #remove(point: Point): void {
    const index = this.#points.indexOf(point);
    if (index < 1) return;
    const before = this.#points[index - 1] as Point;
    before.open = index < this.#points.length - 1;
    this.#points.splice(index, 1);
  }
}

/** Like `Promise.all`, but after a failure waits until the other promises have ended. */
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

/** Sizes of the beginnings to try: every size of a short stretch; of a longer one 1, the whole, and some between. */
function spread(count: number): number[] {
  if (count <= TRIED_AT_ONCE) return Array.from({ length: count }, (_, less) => less + 1);
  const step = count / TRIED_AT_ONCE;
  return [...new Set([1, ...Array.from({ length: TRIED_AT_ONCE }, (_, part) => Math.round((part + 1) * step))])];
}
