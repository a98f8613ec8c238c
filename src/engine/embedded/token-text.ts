/** The text of a generation's tokens, one by one. */

const HALF_CHARACTER = '\uFFFD';

export class TokenText {
  readonly #decode: (ids: readonly number[]) => string;
  /** the text of a token may depend on the token before it, so both are decoded together */
  #before: number | undefined;
  #pending: number[] = [];

  /** `before`: the last token of the prompt. */
  constructor(decode: (ids: readonly number[]) => string, before: number | undefined) {
    this.#decode = decode;
    this.#before = before;
  }

  /** The text that this token completes; empty inside a character. */
  next(id: number): string {
    this.#pending.push(id);
    const context = this.#before === undefined ? [] : [this.#before];
    const text = this.#decode([...context, ...this.#pending]).slice(this.#decode(context).length);
    if (text.endsWith(HALF_CHARACTER)) return '';
    this.#pending = [];
    this.#before = id;
    return text;
  }
}

/** The number of ids that both lists begin with. */
export function sharedBeginning(a: readonly number[], b: readonly number[]): number {
  const differs = a.findIndex((id, index) => id !== b[index]);
  return differs === -1 ? Math.min(a.length, b.length) : differs;
}
