/** What was seen of the speed of servers, handed on to later processes. */
import type { Turns } from './admission/turns.ts';
import type { Clock } from './clock.ts';
import type { EvidenceOfServers, Recalled } from './evidence/evidence.ts';
import type { SpeedData } from './evidence/speed-model.ts';

/** `atOnce`: how many generations the server computes at once; 0: not known. */
type KeptSpeed = SpeedData & { readonly atOnce?: number };

export type RecalledSpeed = Recalled & { readonly data: KeptSpeed };

/** Where speeds outlive the process. */
export type SpeedStore = {
  /** `read` is called when it is written */
  putSpeed(server: string, read: () => KeptSpeed): void;
  speeds(): Promise<readonly RecalledSpeed[]>;
};

type Parts = {
  readonly store: SpeedStore | undefined;
  readonly evidence: EvidenceOfServers;
  readonly turns: Turns;
  readonly clock: Clock;
};

export class ServerSpeeds {
  readonly #parts: Parts;
  #isRecalled = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Returns at once: what earlier processes saw comes in time for the next call, and often for this one. */
  recall(): void {
    if (this.#isRecalled) return;
    this.#isRecalled = true;
    void this.#read();
  }

  async #read(): Promise<void> {
    const { store, evidence, turns, clock } = this.#parts;
    const found = (await store?.speeds()) ?? [];
    evidence.recall(found, clock.now());
    for (const { server, data } of found) turns.recall(server, data.atOnce ?? 0);
  }

  /** Of the current server. */
  keep(): void {
    const { store, evidence, turns, clock } = this.#parts;
    const { server, atOnce } = turns;
    if (server === undefined) return;
    store?.putSpeed(server, () => ({ ...evidence.of(server).speed.toData(clock.now()), atOnce }));
  }
}
