/**
 * An engine that records the thinking of one run and then plays it to other runs of the same question. A run with a smaller
 * budget cuts the recorded stream by the same code that cuts a live one, and only its answer is generated.
 */
import type { Clock } from '../../clock.ts';
import type {
  Beginning,
  CallOptions,
  Engine,
  Limits,
  OpenOptions,
  Piece,
  Prompt,
  Session,
} from '../../engine/engine.ts';
import type { GenerationObserver } from '../../stream/reading.ts';
import type { Observe } from '../../stream/requests.ts';

/** `atMs`: since the request. */
type Recorded = { readonly piece: Piece; readonly atMs: number };

type Options = { readonly engine: Engine; readonly clock: Clock; readonly observe: Observe };

export class TracedEngine implements Engine {
  readonly #options: Options;
  #session: Session | undefined;
  #prompt: Prompt | undefined;
  #recorded: Recorded[] = [];
  /** by beginning: two budgets that cut at the same place have the same answer */
  readonly #answers = new Map<string, readonly Recorded[]>();
  #isPlaying = false;
  /** the stream broke: what was recorded is a part of the thinking */
  isBroken = false;
  /** tokens that the server generated, for all runs together */
  generatedTokens = 0;
  /** prompt tokens of its requests */
  promptTokens = 0;
  /** when the last token that was played arrived, in milliseconds since the recorded request */
  playedMs = 0;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Over chat completions the prompt is hidden, and a continuation is not exact. */
  get isExact(): boolean {
    return this.#prompt !== undefined && this.#prompt.thinking !== 'hidden';
  }

  get facts(): Session['facts'] | undefined {
    return this.#session?.facts;
  }

  /** From now on runs read what was recorded. */
  play(): void {
    this.#isPlaying = true;
  }

  async open(options: OpenOptions): Promise<Session> {
    // what was recorded belongs to the session that it came from
    const isOutdated = options.fresh === true && this.#recorded.length === 0;
    if (this.#session === undefined || isOutdated) {
      this.#session = await this.#options.engine.open(options);
      this.#prompt = undefined;
    }
    return this.#traced(this.#session);
  }

  /** The engine belongs to others. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  #traced(session: Session): Session {
    const { native: _, ...facts } = session.facts;
    return {
      // thinkmeter's own cut is what is measured
      facts,
      render: async (question, options) => {
        if (!options.thinking) return session.render(question, options);
        this.#prompt ??= await session.render(question, options);
        return this.#prompt;
      },
      generate: (from, limits, call) => this.#generate(session, from, limits, call),
      extend: (from, kept, call) => session.extend(from, kept, call),
      decode: (ids, call) => session.decode(ids, call),
    };
  }

  #generate(session: Session, from: Beginning, limits: Limits, call: CallOptions): AsyncIterable<Piece> {
    if (from !== this.#prompt?.beginning) return this.#answer(session, from, limits, call);
    return this.#isPlaying ? this.#played(limits) : this.#recording(session, from, limits, call);
  }

  async *#answer(session: Session, from: Beginning, limits: Limits, call: CallOptions): AsyncGenerator<Piece> {
    const key = 'ids' in from && Array.isArray(from.ids) ? from.ids.join() : undefined;
    const known = key === undefined ? undefined : this.#answers.get(key);
    if (known !== undefined) {
      const before = this.playedMs;
      for (const { piece, atMs } of known) {
        this.playedMs = before + atMs;
        yield piece;
      }
      return;
    }
    const askedAt = this.#options.clock.now();
    const recorded: Recorded[] = [];
    for await (const piece of this.#live(session, from, limits, call)) {
      recorded.push({ piece, atMs: this.#options.clock.now() - askedAt });
      yield piece;
    }
    if (key !== undefined) this.#answers.set(key, recorded);
  }

  async *#recording(session: Session, from: Beginning, limits: Limits, call: CallOptions): AsyncGenerator<Piece> {
    const askedAt = this.#options.clock.now();
    this.#recorded = [];
    try {
      for await (const piece of this.#live(session, from, limits, call)) {
        this.#recorded.push({ piece, atMs: this.#options.clock.now() - askedAt });
        yield piece;
      }
    } catch (error) {
      this.isBroken = true;
      throw error;
    }
  }

  async *#live(session: Session, from: Beginning, limits: Limits, call: CallOptions): AsyncGenerator<Piece> {
    const observer: GenerationObserver = this.#options.observe(session, from.promptTokens);
    this.promptTokens += from.promptTokens;
    let hasBegun = false;
    try {
      for await (const piece of session.generate(from, limits, call)) {
        if (!hasBegun) observer.firstToken();
        hasBegun = true;
        this.generatedTokens += piece.counted?.tokens ?? piece.ids.length;
        yield piece;
      }
    } finally {
      observer.ended();
    }
  }

  /** A server would end at `maxTokens`; here a piece of several tokens is not divided, and the reader ignores what is over. */
  async *#played({ maxTokens }: Limits): AsyncGenerator<Piece> {
    let tokens = 0;
    for (const { piece, atMs } of this.#recorded) {
      this.playedMs = atMs;
      tokens += piece.ids.length;
      yield piece;
      if (piece.finish === undefined && tokens >= maxTokens) {
        yield { ids: [], text: '', finish: { unified: 'length', raw: 'length' } };
        return;
      }
    }
  }
}
