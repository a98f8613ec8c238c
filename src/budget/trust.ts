/**
 * What counting has told of a server's mechanisms, kept for as long as the server stays the same. An answer of 200 is no
 * proof: servers ignore fields that they do not know.
 */
export type Verdict = { readonly held: true } | { readonly held: false; readonly why: string };

const IN_A_ROW = 3;

export class Trust {
  #server: string | undefined;
  #suspicions = 0;
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
    const running = this.#tests.get(mechanism) ?? test();
    this.#tests.set(mechanism, running);
    try {
      const verdict = await running;
      if (verdict !== undefined) this.#on(server).set(mechanism, verdict);
      return verdict?.held === true;
    } finally {
      this.#tests.delete(mechanism);
    }
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
    }
    this.#server = server;
    return this.#verdicts;
  }
}
