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

  /** In ascending order. */
  get sorted(): readonly number[] {
    return this.#values.toSorted((a, b) => a - b);
  }

  /** Of an even count the upper one; undefined before the first value. */
  get median(): number | undefined {
    return this.sorted[Math.floor(this.#values.length / 2)];
  }
}
