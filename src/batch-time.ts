/** The time of one batch: whether another item can still begin. Times are milliseconds on the runner's clock. */
import { Recent } from './recent.ts';

/** Of the whole time: while no item is over, an item with less left would hardly be answered. */
const LEAST_UNMEASURED = 1 / 3;

/** Of the usual duration of an item: with less left, its thinking would be cut to almost nothing. */
const LEAST_PART_OF_ITEM = 2 / 3;

/** Durations of recent items that give the usual duration: the server's speed changes with its load. */
const MOST_KEPT = 32;

export class BatchTime {
  readonly #startedAt: number;
  readonly #totalMs: number;
  readonly #durations = new Recent(MOST_KEPT);

  /** `maxSeconds` undefined: no limit. */
  constructor(startedAt: number, maxSeconds: number | undefined) {
    this.#startedAt = startedAt;
    this.#totalMs = maxSeconds === undefined ? Infinity : maxSeconds * 1000;
  }

  mayBegin(now: number): boolean {
    if (this.#totalMs === Infinity) return true;
    const usual = this.#durations.median;
    const needed = usual === undefined ? this.#totalMs * LEAST_UNMEASURED : usual * LEAST_PART_OF_ITEM;
    return this.#startedAt + this.#totalMs - now > needed;
  }

  /** Records the duration of a whole item, without its waiting in the queue. */
  answered(ms: number): void {
    this.#durations.add(ms);
  }
}
