/** The generation requests of one run: opened here, read by the loop, stopped at the end of the run. */
import type { Clock } from '../clock.ts';
import type { Beginning, Limits, Session } from '../engine/engine.ts';
import { EngineProtocolError } from '../errors.ts';
import { limit, pause } from '../wait.ts';
import { Connections } from './connections.ts';
import { Reading, type GenerationObserver } from './reading.ts';

export type Request = {
  /** the prompt, or the prompt and received tokens that this request continues */
  readonly from: Beginning;
  readonly askedAt: number;
  readonly limits: Limits;
  readonly reading: Reading;
  /** what it took to read it: one connection, unless one broke */
  readonly connections: Connections;
};

/** Is told of each generation when it is requested. */
export type Observe = (session: Pick<Session, 'facts' | 'load'>, promptTokens: number) => GenerationObserver;

type RequestsOptions = {
  readonly signal: AbortSignal;
  /** aborts with `signal` and at the deadline: it bounds detokenizing, which only supports the reading */
  readonly inTime: AbortSignal;
  readonly clock: Clock;
  readonly observe?: Observe | undefined;
};

/** If detokenizing takes longer, the trail uses the token boundaries known so far. */
const DECODE_MS = 2000;

/** Waits before requests that take the place of a broken stream. */
const BACK_OFF_MS = [0, 500, 2000] as const;

export class Requests {
  readonly all: Request[] = [];
  readonly #signal: AbortSignal;
  readonly #inTime: AbortSignal;
  readonly #clock: Clock;
  readonly #observe: Observe | undefined;
  #breaks = 0;

  constructor({ signal, inTime, clock, observe }: RequestsOptions) {
    this.#signal = signal;
    this.#inTime = inTime;
    this.#clock = clock;
    this.#observe = observe;
  }

  open(session: Session, from: Beginning, limits: Limits): Request {
    const connections = new Connections({ session, from, limits, clock: this.#clock });
    const reading = new Reading(
      (signal, trail) => connections.pieces(trail, signal),
      async (stretch) => {
        const { signal, release } = limit(this.#inTime, DECODE_MS, this.#clock);
        return session.decode(stretch, { signal }).finally(release);
      },
      { signal: this.#signal, clock: this.#clock, observer: this.#observe?.(session, from.promptTokens) },
    );
    const request = { from, limits, askedAt: this.#clock.now(), reading, connections };
    this.all.push(request);
    return request;
  }

  /** Stops a request that the server refused. It yielded no token, so it does not count as a request of the run. */
  drop(request: Request): void {
    request.reading.stop();
    this.all.splice(this.all.indexOf(request), 1);
  }

  /** Tokens received so far by all requests. */
  get tokens(): number {
    return this.all.reduce((sum, { reading }) => sum + reading.trail.tokens, 0);
  }

  /** A stream broke that its connections could not continue. */
  get hasBroken(): boolean {
    return this.#breaks > 0;
  }

  /**
   * Call this before another request takes the place of a broken stream. Waits before the second and later ones.
   * @throws {EngineProtocolError} after too many
   */
  async breaks(cause: unknown): Promise<void> {
    const wait = BACK_OFF_MS[this.#breaks++];
    if (wait === undefined) {
      throw new EngineProtocolError(
        `the connection to the server broke ${this.#breaks} times during one call, and the stream could not be continued`,
        { hint: 'check the server and any proxy in front of it', cause },
      );
    }
    if (wait > 0) await pause(wait, this.#inTime, this.#clock);
  }

  /** Aborts every request that is still open on the server. */
  stop(): void {
    for (const { reading } of this.all) reading.stop();
  }
}
