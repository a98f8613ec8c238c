/**
 * Finds a loop in the reasoning, while tokens arrive: one span again and again, back to back, until the budget is over.
 *
 * Only exact repetition counts: a number that changes breaks it. Right reasoning repeats exactly as well (a matrix of
 * zeros, equal rows of JSON, a result checked again), but not as long. A false alarm may lose a right answer and a missed
 * loop costs tokens up to the budget, so the limits are high.
 *
 * Spans are found by comparison from the end, every `CHECK_EVERY` tokens. The positions of the checks do not depend on
 * the chunks, so the result does not depend on them either.
 */

export type LoopFound = {
  /** what is worth keeping: all before the loop and the first occurrence of the span, in tokens or characters */
  readonly keep: number;
  /** length of the span, in tokens or words */
  readonly span: number;
  /** whole occurrences so far, the first included */
  readonly occurrences: number;
};

export type LoopLimits = {
  /** a loop has at least so many occurrences of its span: decides for long spans */
  readonly occurrences: number;
  /** and so many tokens or words, the first occurrence included: decides for short spans */
  readonly length: number;
  /** the same for a span that repeats itself (`isMonotonous`) */
  readonly monotonousLength: number;
};

/**
 * The highest limits with which loops are found within 1,000 tokens, and those of monotonous spans within 4,100. With a
 * `length` of 800, some equal rows of JSON are called a loop; with a `monotonousLength` of 900, grids of zeros are
 * (`npm run bench:loop`).
 */
export const TOKEN_LIMITS: LoopLimits = { occurrences: 3, length: 900, monotonousLength: 4000 };
/** A word is about 1.3 tokens. */
export const WORD_LIMITS: LoopLimits = { occurrences: 3, length: 650, monotonousLength: 2000 };

/** A longer span is not recognized. */
const LONGEST_SPAN = 2048;

/** A check compares about `LONGEST_SPAN` tokens, so checks at every token would be expensive. */
const CHECK_EVERY = 64;

/** Watches token ids. */
export class LoopWatch {
  readonly #limits: LoopLimits;
  readonly #ids: number[] = [];
  /** by distance: how many tokens at the end equal the tokens so far before them */
  #runs = new Int32Array(0);
  #found: LoopFound | undefined;

  constructor(limits: LoopLimits = TOKEN_LIMITS) {
    this.#limits = limits;
  }

  /** The loop, if the ids so far end with one. Once found, it stays. */
  add(ids: readonly number[]): LoopFound | undefined {
    for (const id of ids) {
      if (this.#found !== undefined) break;
      this.#ids.push(id);
      if (this.#ids.length % CHECK_EVERY === 0) this.#found = this.#check();
    }
    return this.#found;
  }

  #check(): LoopFound | undefined {
    const { occurrences, length, monotonousLength } = this.#limits;
    const total = this.#ids.length;
    if (total < length) return undefined;
    // most thinking ends before
    if (this.#runs.length === 0) this.#runs = new Int32Array(LONGEST_SPAN + 1);
    const longest = Math.min(LONGEST_SPAN, Math.floor(total / occurrences));
    this.#measureRuns(longest, Math.max(longest * occurrences, length, monotonousLength));
    for (let span = 1; span <= longest; span++) {
      const repeated = (this.#runs[span] ?? 0) + span;
      if (repeated < Math.max(length, span * occurrences)) continue;
      // multiples of the span repeat as well, but say nothing new
      if (repeated < monotonousLength && isMonotonous(this.#ids.slice(-span))) return undefined;
      return this.#loopOf(span);
    }
    return undefined;
  }

  /** The Z function of the reversed end: linear, because what a longer run has shown is not compared again. */
  #measureRuns(longest: number, compared: number): void {
    const [ids, runs] = [this.#ids, this.#runs];
    const last = ids.length - 1;
    const most = Math.min(compared, ids.length);
    let [from, to] = [0, 0];
    for (let span = 1; span <= longest; span++) {
      let run = span < to ? Math.min(to - span, runs[span - from] ?? 0) : 0;
      while (span + run < most && ids[last - run] === ids[last - run - span]) run++;
      runs[span] = run;
      if (span + run > to) [from, to] = [span, span + run];
    }
  }

  /** The first occurrence may lie before the tokens that a check compares. */
  #loopOf(span: number): LoopFound {
    let keep = this.#ids.length - (this.#runs[span] ?? 0);
    while (keep > span && this.#ids[keep - 1] === this.#ids[keep - 1 - span]) keep--;
    return { keep, span, occurrences: Math.floor((this.#ids.length - keep) / span) + 1 };
  }
}

/**
 * A row of a table of zeros, a ruled line: a few different tokens, each several times. Such rows are repeated for long in
 * grids and tables.
 */
export function isMonotonous(span: readonly number[]): boolean {
  const different = new Set(span).size;
  return different <= 8 && span.length >= 3 * different;
}

/**
 * A word of a script that has capitals, with the blanks before it; any other letter, a digit, a sign, a line end. Long
 * words and blanks are divided, because a loop may consist of one of them. The empty match at the end keeps blanks there
 * together.
 */
const WORDS = /[^\S\n]{4}|[^\S\n]*(?:[\p{Lu}\p{Ll}\p{M}]{1,8}|\S|\n|$)/gu;

/** Watches text, of a server that sends no ids, by its words. `keep` is in characters. */
export class TextLoopWatch {
  readonly #watch: LoopWatch;
  readonly #numbers = new Map<string, number>();
  /** where each word ends, in characters */
  readonly #ends: number[] = [];
  /** may be continued by the next text */
  #lastWord = '';
  /** characters before the last word */
  #length = 0;

  constructor(limits: LoopLimits = WORD_LIMITS) {
    this.#watch = new LoopWatch(limits);
  }

  add(text: string): LoopFound | undefined {
    const found = this.#watch.add(this.#wholeWords(this.#lastWord + text));
    return found && { ...found, keep: this.#ends[found.keep - 1] ?? 0 };
  }

  #wholeWords(text: string): number[] {
    const words: number[] = [];
    let end = 0;
    for (const [word] of text.matchAll(WORDS)) {
      if (end + word.length === text.length) break;
      end += word.length;
      words.push(this.#numberOf(word));
      this.#ends.push(this.#length + end);
    }
    this.#length += end;
    this.#lastWord = text.slice(end);
    return words;
  }

  #numberOf(word: string): number {
    const known = this.#numbers.get(word);
    if (known !== undefined) return known;
    this.#numbers.set(word, this.#numbers.size);
    return this.#numbers.size - 1;
  }
}
