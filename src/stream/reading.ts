/**
 * Reads one request: its tokens, how it ended, and when. An alarm bounds every wait. If the alarm rings first, the
 * pending piece is not lost: the next read returns it.
 */
import type { Clock } from '../clock.ts';
import { ConnectionLostError, type CountedBy, type FinishReason, type Piece, type Usage } from '../engine/engine.ts';
import { link, type Linked } from '../wait.ts';
import { CurrentSpeed } from './current-speed.ts';
import { Trail } from './trail.ts';

/** How the server ended a request. */
export type StreamEnd =
  | { readonly kind: 'finished'; readonly reason: FinishReason }
  | { readonly kind: 'lost'; readonly cause: Error };

/** Is told when a generation begins and ends. `ended` may be called more than once. */
export type GenerationObserver = { firstToken(): void; ended(): void };

export type Event = 'piece' | 'ended' | 'alarm';

/** Chunks that arrive within this time of each other count as one arrival. */
const TOGETHER_MS = 1;

const BY_CERTAINTY: readonly CountedBy[] = ['ids', 'usage', 'tokenizer', 'estimate'];

/** The less certain of two ways of counting. */
export function weaker(a: CountedBy | undefined, b: CountedBy): CountedBy {
  return a !== undefined && BY_CERTAINTY.indexOf(a) > BY_CERTAINTY.indexOf(b) ? a : b;
}

type ReadingOptions = {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly observer?: GenerationObserver | undefined;
};

export class Reading {
  readonly trail: Trail;
  end: StreamEnd | undefined;
  /** the least certain way in which any of its tokens was counted; undefined before the first token */
  countedBy: CountedBy | undefined;
  /** the server's own count of the whole request, if reported */
  usage: Usage | undefined;
  firstTokenAt: number | undefined;
  lastTokenAt: number | undefined;
  /** tokens of the first chunk that had any */
  firstTokens = 0;
  readonly speed = new CurrentSpeed();
  /** chunks with tokens, and the number of arrivals: if a proxy buffers the stream, many chunks share an arrival */
  readonly flow = { chunks: 0, arrivals: 0 };
  readonly #iterator: AsyncIterator<Piece>;
  readonly #own: Linked;
  readonly #clock: Clock;
  readonly #observer: GenerationObserver | undefined;
  #buffered: Piece['buffered'];
  #pending: Promise<IteratorResult<Piece>> | undefined;
  #alarm: { readonly at: number; readonly silence: () => void } | undefined;
  #ring: () => void = () => undefined;

  /**
   * `open` starts the request under a signal that this reading owns, so `stop` aborts only this request. Every piece is in
   * the trail before the next is read.
   */
  constructor(
    open: (signal: AbortSignal, trail: Trail) => AsyncIterable<Piece>,
    decode: (ids: readonly number[]) => Promise<string>,
    { signal, clock, observer }: ReadingOptions,
  ) {
    this.#observer = observer;
    this.#own = link(signal);
    this.trail = new Trail(decode);
    this.#iterator = open(this.#own.signal, this.trail)[Symbol.asyncIterator]();
    this.#clock = clock;
  }

  /** Waits for the next piece or the stream's end, at most until `alarmAt`. @throws errors of the engine unchanged */
  async next(alarmAt = Infinity): Promise<Event> {
    if (this.end !== undefined) return 'ended';
    const isLate = alarmAt <= this.#clock.now();
    // the iterator sends the request on its first read: after the alarm no request is sent
    if (this.#pending === undefined && isLate) return 'alarm';
    this.#pending ??= this.#iterator.next();
    if (isLate) return 'alarm';
    let result: IteratorResult<Piece> | 'alarm';
    try {
      result = await this.#orAlarm(this.#pending, alarmAt);
    } catch (error) {
      if (!(error instanceof ConnectionLostError)) {
        this.#silence();
        throw error;
      }
      return this.#ends({ kind: 'lost', cause: error });
    }
    if (result === 'alarm') return 'alarm';
    this.#pending = undefined;
    if (result.done !== true) return this.#take(result.value);
    return this.#ends({ kind: 'lost', cause: new ConnectionLostError('the stream ended without a finish reason') });
  }

  #take({ ids, text, finish, counted, buffered, usage, margins }: Piece): Event {
    const tokens = counted?.tokens ?? ids.length;
    if (tokens > 0) {
      const now = this.#clock.now();
      this.flow.chunks += 1;
      if (now - (this.lastTokenAt ?? -Infinity) > TOGETHER_MS) this.flow.arrivals += 1;
      this.lastTokenAt = now;
      if (this.firstTokenAt === undefined) {
        this.firstTokenAt = now;
        this.firstTokens = tokens;
        this.#observer?.firstToken();
      }
      this.countedBy = weaker(this.countedBy, counted?.by ?? 'ids');
      this.speed.add(now, this.trail.tokens + tokens);
    }
    this.trail.append(ids, text, tokens, margins);
    this.#buffered = buffered;
    if (usage !== undefined) this.usage = usage;
    return finish === undefined ? 'piece' : this.#ends({ kind: 'finished', reason: finish });
  }

  #ends(end: StreamEnd): Event {
    this.#silence();
    this.end = end;
    this.#observer?.ended();
    return 'ended';
  }

  /** One timer serves the whole stream. If the alarm moves to a later time, the timer rings early and is set again. */
  #orAlarm(pending: Promise<IteratorResult<Piece>>, alarmAt: number): Promise<IteratorResult<Piece> | 'alarm'> {
    if (alarmAt === Infinity) return pending;
    if (this.#alarm === undefined || alarmAt < this.#alarm.at) this.#set(alarmAt);
    return new Promise((resolve, reject) => {
      this.#ring = () => {
        this.#alarm = undefined;
        if (this.#clock.now() >= alarmAt) resolve('alarm');
        else this.#set(alarmAt);
      };
      pending.then(resolve, reject);
    });
  }

  #set(at: number): void {
    this.#silence();
    this.#alarm = { at, silence: this.#clock.timer(at - this.#clock.now(), () => this.#ring()) };
  }

  #silence(): void {
    this.#alarm?.silence();
    this.#alarm = undefined;
  }

  /** Takes buffered, unclassified content as text, when no time is left to wait. False: nothing was buffered. */
  takeBuffered(): boolean {
    if (this.#buffered === undefined) return false;
    const { text, tokens, by } = this.#buffered;
    this.trail.append([], text, tokens);
    this.countedBy = weaker(this.countedBy, by);
    this.#buffered = undefined;
    return true;
  }

  /** Aborts the request on the server. The tokens received so far stay readable. */
  stop(): void {
    this.#silence();
    this.#observer?.ended();
    this.#own.abort();
    this.#own.release();
    // nobody awaits these two any more: without a handler their abort errors would be unhandled rejections
    this.#pending?.catch(() => undefined);
    void this.#iterator.return?.().catch(() => undefined);
  }
}
