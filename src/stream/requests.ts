/** The generation requests of one run: opened here, read by the loop, stopped at the end of the run. */
import type { Clock } from '../clock.ts';
import type { Beginning, Limits, Session } from '../engine/engine.ts';
import { EngineProtocolError } from '../errors.ts';
import { limit } from '../wait.ts';
import { Reading, type GenerationObserver } from './reading.ts';

export type Request = {
  /** the prompt, or the prompt and received tokens that this request continues */
  readonly from: Beginning;
  readonly askedAt: number;
  readonly limits: Limits;
  readonly reading: Reading;
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

export class Requests {
  readonly all: Request[] = [];
  readonly #signal: AbortSignal;
  readonly #inTime: AbortSignal;
  readonly #clock: Clock;
  readonly #observe: Observe | undefined;
  /** a run continues after one broken connection; a second break is an error */
  mayContinue = true;

  constructor({ signal, inTime, clock, observe }: RequestsOptions) {
    this.#signal = signal;
    this.#inTime = inTime;
    this.#clock = clock;
    this.#observe = observe;
  }

  open(session: Session, from: Beginning, limits: Limits): Request {
    const reading = new Reading(
      (signal) => session.generate(from, limits, { signal }),
      async (stretch) => {
        const { signal, release } = limit(this.#inTime, DECODE_MS, this.#clock);
        return session.decode(stretch, { signal }).finally(release);
      },
      { signal: this.#signal, clock: this.#clock, observer: this.#observe?.(session, from.promptTokens) },
    );
    const request = { from, limits, askedAt: this.#clock.now(), reading };
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

  /** Call this before a broken stream is continued. @throws {EngineProtocolError} at the second break of a run */
  breaks(cause: unknown): void {
    if (!this.mayContinue) {
      throw new EngineProtocolError('the connection to the server broke twice during one call', {
        hint: 'check the server and any proxy in front of it',
        cause,
      });
    }
    this.mayContinue = false;
  }

  /** Aborts every request that is still open on the server. */
  stop(): void {
    for (const { reading } of this.all) reading.stop();
  }
}
