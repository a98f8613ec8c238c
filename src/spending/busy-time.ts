/** Shares the server's time among the generations that run at the same time: a GPU is paid for once. */
export class BusyTime {
  /** milliseconds of one generation's share since the beginning */
  #share = 0;
  #running = 0;
  #at = 0;

  /** A generation begins. The returned function ends it, and gives its share in milliseconds; only its first call counts. */
  begin(now: number): (now: number) => number {
    this.#advance(now);
    this.#running += 1;
    const from = this.#share;
    let isOver = false;
    return (end) => {
      if (isOver) return 0;
      isOver = true;
      this.#advance(end);
      this.#running -= 1;
      return this.#share - from;
    };
  }

  #advance(now: number): void {
    if (this.#running > 0) this.#share += (now - this.#at) / this.#running;
    this.#at = now;
  }
}
