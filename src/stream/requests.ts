/** The generations of one run: each is asked for here, read by the loop, and stopped when the run is over. */
import type { Clock } from '../clock.ts';
import { tokensOf, type Beginning, type Engine, type Limits } from '../engine/engine.ts';
import { Reading } from './reading.ts';

export type Request = {
  /** the prompt, or what was seen before and is continued */
  readonly from: Beginning;
  readonly promptTokens: number;
  readonly askedAt: number;
  readonly reading: Reading;
};

export class Requests {
  readonly all: Request[] = [];
  readonly #engine: Engine;
  readonly #signal: AbortSignal;
  readonly #inTime: AbortSignal;
  readonly #clock: Clock;

  /** `inTime` fires with `signal`, and at the deadline: for what only helps to read a stream */
  constructor(
    engine: Engine,
    { signal, inTime, clock }: { readonly signal: AbortSignal; readonly inTime: AbortSignal; readonly clock: Clock },
  ) {
    this.#engine = engine;
    this.#signal = signal;
    this.#inTime = inTime;
    this.#clock = clock;
  }

  ask(from: Beginning, limits: Limits): Request {
    const reading = new Reading(
      (signal) => this.#engine.generate(from, limits, { signal }),
      (stretch) => this.#engine.decode(stretch, { signal: this.#inTime }),
      { signal: this.#signal, clock: this.#clock },
    );
    const request = { from, promptTokens: tokensOf(from), askedAt: this.#clock.now(), reading };
    this.all.push(request);
    return request;
  }

  /** Nothing of the run goes on upstream. */
  stop(): void {
    for (const { reading } of this.all) reading.stop();
  }
}
