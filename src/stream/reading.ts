/**
 * One request while it is being read: its tokens, how it ended, and when. Waiting is bounded by an alarm; what was
 * being waited for is not lost when the alarm rings first.
 */
import type { Clock } from '../clock.ts';
import { ConnectionLostError, type CountedBy, type FinishReason, type Piece, type Usage } from '../engine/engine.ts';
import { Trail } from './trail.ts';

/** How a request ended by itself. */
export type StreamEnd =
  | { readonly kind: 'finished'; readonly reason: FinishReason }
  | { readonly kind: 'lost'; readonly cause: Error };

export type Event = 'piece' | 'ended' | 'alarm';

/** Chunks that came closer together than this came at once. */
const TOGETHER_MS = 1;

const BY_CERTAINTY: readonly CountedBy[] = ['ids', 'usage', 'tokenizer', 'estimate'];

function weaker(a: CountedBy, b: CountedBy): CountedBy {
  return BY_CERTAINTY.indexOf(a) > BY_CERTAINTY.indexOf(b) ? a : b;
}

const nothing = (): void => undefined;

export class Reading {
  readonly trail: Trail;
  end: StreamEnd | undefined;
  countedBy: CountedBy = 'ids';
  /** as the server counts the whole request, where it has said so */
  usage: Usage | undefined;
  firstTokenAt: number | undefined;
  lastTokenAt: number | undefined;
  /** chunks with tokens, and how many times such came: a stream that is held back on its way comes in clumps */
  readonly flow = { chunks: 0, arrivals: 0 };
  readonly #iterator: AsyncIterator<Piece>;
  readonly #abort: AbortController;
  readonly #clock: Clock;
  #pending: Promise<IteratorResult<Piece>> | undefined;

  /** `open` starts the request under a signal that this reading owns. */
  constructor(
    open: (signal: AbortSignal) => AsyncIterable<Piece>,
    decode: (ids: readonly number[]) => Promise<string>,
    { signal, clock }: { readonly signal: AbortSignal; readonly clock: Clock },
  ) {
    this.#abort = new AbortController();
    this.#iterator = open(AbortSignal.any([signal, this.#abort.signal]))[Symbol.asyncIterator]();
    this.#clock = clock;
    this.trail = new Trail(decode);
  }

  /** Waits for the next piece, or for the stream's end, at most until `alarmAt`. Errors of the engine pass through. */
  async next(alarmAt = Infinity): Promise<Event> {
    if (this.end !== undefined) return 'ended';
    // a request that would come too late is not made
    if (this.#pending === undefined && alarmAt <= this.#clock.now()) return 'alarm';
    this.#pending ??= this.#iterator.next();
    const result = await this.#orAlarm(this.#pending, alarmAt);
    if (result === 'alarm' || result === 'ended') return result;
    this.#pending = undefined;
    if (result.done === true) {
      this.end = { kind: 'lost', cause: new ConnectionLostError('the stream ended without a finish reason') };
      return 'ended';
    }
    const { ids, text, finish, counted, usage } = result.value;
    const tokens = counted?.tokens ?? ids.length;
    if (tokens > 0) {
      const now = this.#clock.now();
      this.flow.chunks += 1;
      if (now - (this.lastTokenAt ?? -Infinity) > TOGETHER_MS) this.flow.arrivals += 1;
      this.lastTokenAt = now;
      this.firstTokenAt ??= this.lastTokenAt;
    }
    this.trail.append(ids, text, tokens);
    if (counted !== undefined && tokens > 0) this.countedBy = weaker(this.countedBy, counted.by);
    this.usage = usage ?? this.usage;
    if (finish === undefined) return 'piece';
    this.end = { kind: 'finished', reason: finish };
    return 'ended';
  }

  async #orAlarm(
    pending: Promise<IteratorResult<Piece>>,
    alarmAt: number,
  ): Promise<IteratorResult<Piece> | 'alarm' | 'ended'> {
    const wait = alarmAt - this.#clock.now();
    if (wait <= 0) return 'alarm';
    let silence = nothing;
    const alarm = new Promise<'alarm'>((resolve) => {
      if (Number.isFinite(wait)) silence = this.#clock.timer(wait, () => resolve('alarm'));
    });
    try {
      return await Promise.race([pending, alarm]);
    } catch (error) {
      if (!(error instanceof ConnectionLostError)) throw error;
      this.end = { kind: 'lost', cause: error };
      return 'ended';
    } finally {
      silence();
    }
  }

  /** Ends the request upstream, now. What was received stays. */
  stop(): void {
    this.#abort.abort();
    // the iterator's own clean-up, and an abort error that nobody waits for any more
    this.#pending?.catch(() => undefined);
    void this.#iterator.return?.().catch(() => undefined);
  }
}
