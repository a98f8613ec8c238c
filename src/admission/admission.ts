/**
 * How many runs may be on a server at the same time: as many as it computes. More would only wait inside the server,
 * where their plan can no longer change.
 *
 * A server that reports its slots gets as many runs. Otherwise the limit is learnt from first tokens, as TCP learns from
 * acknowledgements. It begins low and rises with every first token that came without waiting for a slot. A first token
 * that came late, and after another of our generations had ended, waited for that generation's slot: the limit then
 * falls to the number of generations that ran meanwhile. After a fall it rises by one at a time, and more slowly after
 * each further fall.
 */
import type { Clock } from './clock.ts';
import type { Facts } from './engine/engine.ts';
import { Recent } from './recent.ts';
import type { GenerationObserver } from './stream/reading.ts';

/** The limit while nothing is known: many local servers compute one or two generations at a time. */
const BEGINNING = 2;

/** A first token is late after this multiple of the shortest wait seen, and this time. */
const LATE = { times: 2, ms: 50 } as const;

/** A wait for a slot takes a good part of a generation. A shorter wait costs little, and may have other causes. */
const LEAST_PART_OF_GENERATION = 1 / 4;

/** First tokens without waiting, for each place, before one more is tried; doubled by each further fall, up to `most`. */
const PATIENCE = { least: 8, most: 64 } as const;

/** Durations of recent generations that give the usual duration. */
const MOST_KEPT = 16;

type Generation = {
  readonly askedAt: number;
  readonly promptTokens: number;
  firstTokenAt: number | undefined;
  /** while it waited for its first token: whether another generation ended, and the most that ran at once */
  othersEnded: boolean;
  mostRunning: number;
};

export type Asked = Pick<Facts, 'server' | 'slots'>;

export class Admission {
  /** the operator's limit */
  readonly #most: number;
  readonly #clock: Clock;
  readonly #onChange: (limit: number) => void;
  #limit: number;
  #server: string | undefined;
  #highest: number;
  #active = new Set<Generation>();
  /** the shortest wait for a first token, and the prompt it was for */
  #shortest: { readonly ms: number; readonly promptTokens: number } | undefined;
  #durations = new Recent(MOST_KEPT);
  #fall: { readonly at: number; readonly patience: number } | undefined;
  #withoutWaiting = 0;

  /** `most`: a whole number from 1. `onChange` is called with each new limit. */
  constructor(most: number, clock: Clock, onChange: (limit: number) => void) {
    this.#most = most;
    this.#highest = most;
    this.#clock = clock;
    this.#onChange = onChange;
    this.#limit = Math.min(most, BEGINNING);
  }

  /** From 1 to `most`. */
  get limit(): number {
    return this.#limit;
  }

  /** Call this when the server is known: another server begins anew. */
  know({ server, slots }: Asked): void {
    if (server === this.#server) return;
    this.#server = server;
    this.#active = new Set();
    this.#shortest = undefined;
    this.#durations = new Recent(MOST_KEPT);
    this.#fall = undefined;
    this.#withoutWaiting = 0;
    this.#highest = Math.min(this.#most, slots ?? this.#most);
    this.#set(Math.min(this.#highest, slots ?? BEGINNING));
  }

  /** Call this when a generation is requested. */
  observe(asked: Asked, promptTokens: number): GenerationObserver {
    this.know(asked);
    const active = this.#active;
    const generation: Generation = {
      askedAt: this.#clock.now(),
      promptTokens,
      firstTokenAt: undefined,
      othersEnded: false,
      mostRunning: this.#running,
    };
    active.add(generation);
    return {
      firstToken: () => {
        // a generation on a server that has been left says nothing about the new one
        if (active === this.#active && generation.firstTokenAt === undefined) this.#begun(generation);
      },
      ended: () => {
        if (active.delete(generation) && active === this.#active) this.#ended(generation);
      },
    };
  }

  get #running(): number {
    return [...this.#active].filter(({ firstTokenAt }) => firstTokenAt !== undefined).length;
  }

  #begun(generation: Generation): void {
    const now = this.#clock.now();
    const hasWaited = this.#hasWaited(generation, now);
    const { askedAt, promptTokens, mostRunning } = generation;
    const ms = now - askedAt;
    if (this.#shortest === undefined || ms < this.#shortest.ms) this.#shortest = { ms, promptTokens };
    generation.firstTokenAt = now;
    const running = this.#running;
    for (const other of this.#active) {
      if (other.firstTokenAt === undefined) other.mostRunning = Math.max(other.mostRunning, running);
    }
    if (!hasWaited) this.#rise();
    // those asked before a fall waited for the same reason
    else if (askedAt >= (this.#fall?.at ?? -Infinity)) this.#lower(Math.max(1, mostRunning), now);
  }

  #hasWaited({ askedAt, promptTokens, othersEnded }: Generation, now: number): boolean {
    if (!othersEnded || this.#shortest === undefined) return false;
    // a longer prompt takes longer in proportion
    const longer = Math.max(1, promptTokens / Math.max(1, this.#shortest.promptTokens));
    const late = Math.max(
      LATE.times * this.#shortest.ms * longer + LATE.ms,
      LEAST_PART_OF_GENERATION * (this.#durations.median ?? 0),
    );
    return now - askedAt > late;
  }

  #ended({ firstTokenAt }: Generation): void {
    if (firstTokenAt === undefined) return;
    this.#durations.add(this.#clock.now() - firstTokenAt);
    for (const other of this.#active) other.othersEnded = true;
  }

  #rise(): void {
    // a limit that is not reached says nothing
    if (this.#active.size < this.#limit || this.#limit >= this.#highest) return;
    this.#withoutWaiting += 1;
    if (this.#fall !== undefined && this.#withoutWaiting < this.#fall.patience * this.#limit) return;
    this.#set(this.#limit + 1);
  }

  #lower(limit: number, now: number): void {
    if (limit >= this.#limit) return;
    const patience = this.#fall === undefined ? PATIENCE.least : Math.min(PATIENCE.most, this.#fall.patience * 2);
    this.#fall = { at: now, patience };
    this.#set(limit);
  }

  #set(limit: number): void {
    this.#withoutWaiting = 0;
    if (limit === this.#limit) return;
    this.#limit = limit;
    this.#onChange(limit);
  }
}
