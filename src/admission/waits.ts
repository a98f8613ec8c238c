/**
 * Judges, from times alone, whether a first token waited for a slot of the server. Such a wait ends after another
 * generation has ended. It is longer than other waits: those during which no generation ended, and those of generations
 * for which the server certainly had a slot. They show how much the server's first tokens vary by themselves.
 */
import { Recent } from '../recent.ts';

/** A first token is late after this multiple of the shortest wait seen, and this time. */
const LATE = { times: 2, ms: 50 } as const;

/** Before the first wait was seen, a first token is late after this time. */
const LATE_UNMEASURED_MS = 250;

/** A wait for a slot takes a good part of a generation. A shorter wait costs little, and may have other causes. */
const LEAST_PART_OF_GENERATION = 1 / 4;

const MOST_KEPT = 16;

export type Wait = { readonly ms: number; readonly promptTokens: number };

export class Waits {
  #shortest: Wait | undefined;
  readonly #withSlot = new Recent(MOST_KEPT);
  readonly #durations = new Recent(MOST_KEPT);

  /** `hadSlot`: it did not wait for a slot that this process held. */
  add(wait: Wait, hadSlot: boolean): void {
    if (this.#shortest === undefined || wait.ms < this.#shortest.ms) this.#shortest = wait;
    if (hadSlot) this.#withSlot.add(wait.ms);
  }

  /** Records the duration of a generation, without the wait for its first token. */
  addDuration(ms: number): void {
    this.#durations.add(ms);
  }

  /** After how many milliseconds a first token is late enough to ask the server about its queue. */
  lateAfter(promptTokens: number): number {
    if (this.#shortest === undefined) return LATE_UNMEASURED_MS;
    // a longer prompt takes longer in proportion
    const longer = Math.max(1, promptTokens / Math.max(1, this.#shortest.promptTokens));
    return LATE.times * this.#shortest.ms * longer + LATE.ms;
  }

  /** Call this only for a wait during which another generation ended. */
  isForSlot({ ms, promptTokens }: Wait): boolean {
    if (this.#shortest === undefined) return false;
    const longest = this.#withSlot.expectedMost ?? 0;
    const partOfGeneration = LEAST_PART_OF_GENERATION * (this.#durations.median ?? 0);
    return ms > Math.max(this.lateAfter(promptTokens), partOfGeneration, longest);
  }
}
