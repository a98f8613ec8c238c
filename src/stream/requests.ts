/** The generations of one run: each is requested here, read by the loop, and stopped when the run is over. */
import type { Clock } from '../clock.ts';
import type { Beginning, Limits, Session } from '../engine/engine.ts';
import { EngineProtocolError } from '../errors.ts';
import { limit } from '../wait.ts';
import { Reading } from './reading.ts';

export type Request = {
  /** the prompt, or what was received before and is continued */
  readonly from: Beginning;
  readonly askedAt: number;
  readonly limits: Limits;
  readonly reading: Reading;
};

/** A detokenizer that is slower than this is left: the token boundaries that are known have to do. */
const DECODE_MS = 2000;

export class Requests {
  readonly all: Request[] = [];
  readonly #signal: AbortSignal;
  readonly #inTime: AbortSignal;
  readonly #clock: Clock;
  /** one broken connection may be continued in a run; a second one means that something is wrong */
  mayContinue = true;

  /** `inTime` fires with `signal`, and at the deadline: for what only helps to read a stream */
  constructor({
    signal,
    inTime,
    clock,
  }: {
    readonly signal: AbortSignal;
    readonly inTime: AbortSignal;
    readonly clock: Clock;
  }) {
    this.#signal = signal;
    this.#inTime = inTime;
    this.#clock = clock;
  }

  open(session: Session, from: Beginning, limits: Limits): Request {
    const reading = new Reading(
      (signal) => session.generate(from, limits, { signal }),
      async (stretch) => {
        const { signal, release } = limit(this.#inTime, DECODE_MS, this.#clock);
        return session.decode(stretch, { signal }).finally(release);
      },
      { signal: this.#signal, clock: this.#clock },
    );
    const request = { from, limits, askedAt: this.#clock.now(), reading };
    this.all.push(request);
    return request;
  }

  /** The server refused it, so no token came of it: it is stopped, and does not count as a request. */
  drop(request: Request): void {
    request.reading.stop();
    this.all.splice(this.all.indexOf(request), 1);
  }

  /** Tokens that reached us so far. */
  get tokens(): number {
    return this.all.reduce((sum, { reading }) => sum + reading.trail.tokens, 0);
  }

  /** To be called before a broken stream is continued. @throws {EngineProtocolError} the second time */
  breaks(cause: unknown): void {
    if (!this.mayContinue) {
      throw new EngineProtocolError('the connection to the server broke twice during one call', {
        hint: 'check the server, and any proxy in front of it',
        cause,
      });
    }
    this.mayContinue = false;
  }

  /** No request of the run is left open upstream. */
  stop(): void {
    for (const { reading } of this.all) reading.stop();
  }
}
