/**
 * How many runs may be on a server at the same time: as many as it computes. More would only wait inside the server,
 * where their plan can no longer change.
 *
 * A server that reports its slots gets as many runs. Otherwise the limit is learnt, as TCP learns from acknowledgements.
 * It begins low, or higher if more is known from earlier, and rises with every first token that did not wait for a slot.
 * If a first token is late, the server is asked whether requests wait in its queue: the limit then falls to the number that
 * it computes. For a server without such figures, times decide (waits.ts). After a fall the limit rises by one at a time,
 * and more slowly after each further fall.
 */
import type { Clock } from '../clock.ts';
import type { Facts, Load, Session } from '../engine/engine.ts';
import { figures } from '../engine/figures.ts';
import type { GenerationObserver } from '../stream/reading.ts';
import { Waits } from './waits.ts';

/** The limit while nothing is known: many local servers compute one or two generations at a time. */
const BEGINNING = 2;

/** First tokens without waiting, for each place, before one more is tried; doubled by each further fall, up to `most`. */
const PATIENCE = { least: 8, most: 64 } as const;

type Generation = {
  readonly askedAt: number;
  readonly promptTokens: number;
  firstTokenAt: number | undefined;
  /** the server has computed as many at once before */
  readonly fits: boolean;
  /** the server itself reported that requests wait, while this one waited for its first token */
  wasQueued: boolean;
  /** while it waited for its first token: whether another generation ended, and the most that ran at once */
  othersEnded: boolean;
  mostRunning: number;
  /** stops the timer that asks the server about its queue */
  silence: () => void;
};

/** What is known of one server. */
type Place = {
  readonly server: string | undefined;
  readonly highest: number;
  readonly active: Set<Generation>;
  readonly waits: Waits;
  /** the most generations that it was seen to compute at once */
  mostAtOnce: number;
  /** undefined: it was not asked yet */
  hasFigures: boolean | undefined;
  isAsked: boolean;
  fall: { readonly at: number; readonly patience: number } | undefined;
  withoutWaiting: number;
};

export type Asked = { readonly facts: Pick<Facts, 'server' | 'slots'> } & Pick<Session, 'load'>;

export class Admission {
  /** the operator's limit */
  readonly #most: number;
  readonly #clock: Clock;
  readonly #onChange: (limit: number) => void;
  /** by server: how many generations it is known to compute at once, from an earlier process, or from the last fall of its limit */
  readonly #earlier = new Map<string, number>();
  #limit: number;
  #place: Place;

  /** `most`: a whole number from 1. `onChange` is called with each new limit. */
  constructor(most: number, clock: Clock, onChange: (limit: number) => void) {
    this.#most = most;
    this.#clock = clock;
    this.#onChange = onChange;
    this.#limit = Math.min(most, BEGINNING);
    this.#place = newPlace(undefined, most);
  }

  /** From 1 to `most`. */
  get limit(): number {
    return this.#limit;
  }

  /** undefined: no run has opened a session yet */
  get server(): string | undefined {
    return this.#place.server;
  }

  /** Call this when the server is known: another server begins anew. */
  know({ server, slots }: Asked['facts']): void {
    if (server === this.#place.server) return;
    for (const { silence } of this.#place.active) silence();
    this.#place = newPlace(server, Math.min(this.#most, slots ?? this.#most));
    this.#set(Math.min(this.#place.highest, slots ?? Math.max(BEGINNING, this.#earlier.get(server) ?? 0)));
  }

  /** How many generations the current server is known to compute at once; 0: not known. */
  get atOnce(): number {
    const { server = '', mostAtOnce } = this.#place;
    return Math.min(this.#limit, Math.max(mostAtOnce, this.#earlier.get(server) ?? 0));
  }

  /** What an earlier process knew as `atOnce`. The limit begins there, because slots are a setting of the server. */
  recall(server: string, atOnce: number): void {
    const { server: current, fall, highest } = this.#place;
    if (server === current && fall !== undefined) return;
    this.#earlier.set(server, atOnce);
    if (server === current) this.#set(Math.max(this.#limit, Math.min(highest, atOnce)));
  }

  /** Call this when a generation is requested. */
  observe(asked: Asked, promptTokens: number): GenerationObserver {
    this.know(asked.facts);
    const place = this.#place;
    const generation: Generation = {
      askedAt: this.#clock.now(),
      promptTokens,
      firstTokenAt: undefined,
      fits: place.active.size < place.mostAtOnce,
      wasQueued: false,
      othersEnded: false,
      mostRunning: running(place),
      silence: () => undefined,
    };
    place.active.add(generation);
    this.#askIfLate(generation, asked);
    return {
      firstToken: () => {
        generation.silence();
        // a generation on a server that has been left says nothing about the new one
        if (place === this.#place && generation.firstTokenAt === undefined) this.#begun(generation);
      },
      ended: () => {
        generation.silence();
        if (place.active.delete(generation) && place === this.#place) this.#ended(generation);
      },
    };
  }

  #askIfLate(generation: Generation, { facts, load }: Asked): void {
    const place = this.#place;
    const { hasFigures, active, waits } = place;
    // alone, it waits for no slot of ours
    if (load === undefined || facts.slots !== undefined || hasFigures === false || active.size === 1) return;
    generation.silence = this.#clock.timer(waits.lateAfter(generation.promptTokens), () => {
      if (place.isAsked || this.#isBeforeFall(generation)) return;
      place.isAsked = true;
      void figures({ load }, undefined, this.#clock).then((found) => {
        place.isAsked = false;
        place.hasFigures = found !== undefined;
        if (found !== undefined && place === this.#place) this.#reported(found);
      });
    });
  }

  /** Of those that the server computes, our share is our share of all that it has. */
  #reported({ running: computed, waiting }: Load): void {
    if (waiting === 0) return;
    const { active } = this.#place;
    for (const generation of active) generation.wasQueued ||= generation.firstTokenAt === undefined;
    this.#lower(Math.max(1, Math.round((computed * active.size) / (computed + waiting))));
  }

  #begun(generation: Generation): void {
    const place = this.#place;
    const { active, waits, hasFigures } = place;
    const { askedAt, promptTokens, fits, othersEnded, wasQueued, mostRunning } = generation;
    const wait = { ms: this.#clock.now() - askedAt, promptTokens };
    const seemsQueued = hasFigures !== true && othersEnded && waits.isForSlot(wait);
    waits.add(wait, fits || !(othersEnded || wasQueued));
    generation.firstTokenAt = this.#clock.now();
    const now = running(place);
    place.mostAtOnce = Math.max(place.mostAtOnce, now);
    for (const other of active) {
      if (other.firstTokenAt === undefined) other.mostRunning = Math.max(other.mostRunning, now);
    }
    if (!wasQueued && !seemsQueued) this.#rise();
    else if (seemsQueued && !this.#isBeforeFall(generation)) this.#lower(Math.max(1, mostRunning));
  }

  #ended({ firstTokenAt }: Generation): void {
    if (firstTokenAt === undefined) return;
    const { active, waits } = this.#place;
    waits.addDuration(this.#clock.now() - firstTokenAt);
    for (const other of active) other.othersEnded = true;
  }

  /** Those asked before a fall waited for the same reason. */
  #isBeforeFall({ askedAt }: Generation): boolean {
    return askedAt < (this.#place.fall?.at ?? -Infinity);
  }

  #rise(): void {
    const place = this.#place;
    // a limit that is not reached says nothing
    if (place.active.size < this.#limit || this.#limit >= place.highest) return;
    place.withoutWaiting += 1;
    if (place.fall !== undefined && place.withoutWaiting < place.fall.patience * this.#limit) return;
    this.#set(this.#limit + 1);
  }

  #lower(limit: number): void {
    if (limit >= this.#limit) return;
    const { server, fall } = this.#place;
    if (server !== undefined) this.#earlier.set(server, limit);
    const patience = fall === undefined ? PATIENCE.least : Math.min(PATIENCE.most, fall.patience * 2);
    this.#place.fall = { at: this.#clock.now(), patience };
    this.#set(limit);
  }

  #set(limit: number): void {
    this.#place.withoutWaiting = 0;
    if (limit === this.#limit) return;
    this.#limit = limit;
    this.#onChange(limit);
  }
}

function newPlace(server: string | undefined, highest: number): Place {
  return {
    server,
    highest,
    active: new Set(),
    waits: new Waits(),
    mostAtOnce: 0,
    hasFigures: undefined,
    isAsked: false,
    fall: undefined,
    withoutWaiting: 0,
  };
}

/** Generations whose first token has arrived. */
function running({ active }: Place): number {
  return [...active].filter(({ firstTokenAt }) => firstTokenAt !== undefined).length;
}
