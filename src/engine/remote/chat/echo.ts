/** llama.cpp sends the beginning of a turn that it was given back before what it generates (seen on commit 0c1e570). */
export class Echo {
  /** what may still come back */
  #expected: string;
  #held = '';

  constructor(given: string) {
    this.#expected = given;
  }

  /** What of it is not the echo; held back while that cannot be told. */
  push(text: string): string {
    if (this.#expected === '') return text;
    const said = this.#held + text;
    if (said !== this.#expected && this.#expected.startsWith(said)) {
      this.#held = said;
      return '';
    }
    const rest = said.startsWith(this.#expected) ? said.slice(this.#expected.length) : said;
    this.#expected = '';
    this.#held = '';
    return rest;
  }

  /** What was held back when the stream is over. */
  end(): string {
    const held = this.#held;
    this.#held = '';
    return held;
  }
}
