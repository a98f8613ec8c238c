/**
 * What counting and timing have told of a server, kept for as long as it stays the same. An answer of 200 is no
 * proof: servers ignore fields that they do not know.
 */
export type Verdict = { readonly held: true } | { readonly held: false; readonly why: string };

const IN_A_ROW = 3;

const LOOK_EVERY_MS = 10_000;

export class Trust {
  #server: string | undefined;
  #suspicions = 0;
  #untoldTests = 0;
  #opensUnseen = false;
  #looks = 0;
  #nextLook = 0;
  #ratio: number | undefined;
  readonly #verdicts = new Map<string, Verdict>();
  /** tests under way: whoever comes meanwhile waits for them */
  readonly #tests = new Map<string, Promise<Verdict | undefined>>();

  /** Why a mechanism is not used again on this server; undefined while nothing speaks against it. */
  failure(server: string, mechanism: string): string | undefined {
    const verdict = this.#on(server).get(mechanism);
    return verdict?.held === false ? verdict.why : undefined;
  }

  /** Undefined while nothing was found out. */
  verdict(server: string, mechanism: string): Verdict | undefined {
    return this.#on(server).get(mechanism);
  }

  fail(server: string, mechanism: string, why: string): void {
    this.#on(server).set(mechanism, { held: false, why });
  }

  hold(server: string, mechanism: string): void {
    this.#on(server).set(mechanism, { held: true });
  }

  /** What may have been chance once: it fails when it came so many times in a row. `clear` begins anew. */
  suspect(server: string, mechanism: string, why: string): void {
    this.#on(server);
    this.#suspicions += 1;
    if (this.#suspicions >= IN_A_ROW) this.fail(server, mechanism, why);
  }

  clear(): void {
    this.#suspicions = 0;
  }

  /** Whether a mechanism holds, by a test that is made once. One that tells nothing is made again another time. */
  async holds(server: string, mechanism: string, test: () => Promise<Verdict | undefined>): Promise<boolean> {
    const known = this.#on(server).get(mechanism);
    if (known !== undefined) return known.held;
    const name = `${mechanism} on ${server}`;
    const running =
      this.#tests.get(name) ?? this.#tested(server, mechanism, test).finally(() => this.#tests.delete(name));
    this.#tests.set(name, running);
    return (await running)?.held === true;
  }

  async #tested(
    server: string,
    mechanism: string,
    test: () => Promise<Verdict | undefined>,
  ): Promise<Verdict | undefined> {
    const verdict = await test();
    // the server may have changed meanwhile
    if (this.#server !== server) return verdict;
    if (verdict === undefined) this.#untold(server, mechanism);
    else this.#on(server).set(mechanism, verdict);
    return verdict;
  }

  /** A test that told nothing may tell another time, but is not made for ever. */
  #untold(server: string, mechanism: string): void {
    this.#untoldTests += 1;
    if (this.#untoldTests >= IN_A_ROW) this.fail(server, mechanism, `${IN_A_ROW} self-tests told nothing`);
  }

  /**
   * Whether a server's figures are worth reading before a run: they tell how a cut is taken, and most thoughts end by
   * themselves. After some runs without a cut, only once in a while.
   */
  isTimeToLook(server: string, now: number): boolean {
    this.#on(server);
    if (this.#looks >= IN_A_ROW && now < this.#nextLook) return false;
    this.#looks += 1;
    this.#nextLook = now + LOOK_EVERY_MS;
    return true;
  }

  /** There was a cut to learn from. */
  lookAgain(server: string): void {
    this.#on(server);
    this.#looks = 0;
  }

  /** What was seen of thinking that a prompt opens which is not shown. */
  sawOpening(server: string, opening: 'unseen' | 'none'): void {
    this.#on(server);
    this.#opensUnseen = opening === 'unseen';
  }

  opensUnseen(server: string): boolean {
    this.#on(server);
    return this.#opensUnseen;
  }

  /** How long a prompt token took beside a generated one; the least counts, because waiting in a queue is in it. */
  timed(server: string, ratio: number): void {
    this.#on(server);
    this.#ratio = Math.min(ratio, this.#ratio ?? ratio);
  }

  /** Undefined while nothing was timed. */
  promptRatio(server: string): number | undefined {
    this.#on(server);
    return this.#ratio;
  }

  /** What is known of all mechanisms, for people. */
  told(server: string): Readonly<Record<string, string>> {
    return Object.fromEntries(
      [...this.#on(server)].map(([mechanism, verdict]) => [mechanism, verdict.held ? 'held' : verdict.why]),
    );
  }

  #on(server: string): Map<string, Verdict> {
    if (this.#server !== server) {
      this.#verdicts.clear();
      this.#suspicions = 0;
      this.#untoldTests = 0;
      this.#opensUnseen = false;
      this.#looks = 0;
      this.#ratio = undefined;
    }
    this.#server = server;
    return this.#verdicts;
  }
}
