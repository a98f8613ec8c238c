/** The most recent of many numbers. */
export class Recent {
  readonly #most: number;
  readonly #values: number[] = [];

  /** `most`: how many are kept. */
  constructor(most: number) {
    this.#most = most;
  }

  add(value: number): void {
    this.#values.push(value);
    if (this.#values.length > this.#most) this.#values.shift();
  }

  /** Of an even count the upper one; undefined before the first value. */
  get median(): number | undefined {
    return this.#values.toSorted((a, b) => a - b)[Math.floor(this.#values.length / 2)];
  }

  /** The upper end of the values to come: of n evenly spread values the greatest is n / (n + 1) of it, on average. */
  get expectedMost(): number | undefined {
    const { length } = this.#values;
    return length === 0 ? undefined : Math.max(...this.#values) * (1 + 1 / length);
  }
}
