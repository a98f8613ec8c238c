/**
 * What counting and timing have shown of one server: the one home for it. An answer of 200 proves nothing, because servers
 * ignore fields that they do not know.
 *
 * Counters and times of a server are evidence only if they come from a run that was alone in this process from its start to
 * its end: runs that decode side by side count each other's tokens. What a run sees in its own stream (an overrun, a
 * refused field) needs no solitude. Every verdict against a server expires, so that it can be revised.
 */
import type { Pace } from '../budget/deadline.ts';
import type { Known, Verdict } from '../budget/mechanism.ts';
import { AnswerLengths } from './answer-lengths.ts';

/** What may have been chance once is a verdict when it came so many times in a row. */
const IN_A_ROW = 3;

/** A verdict against a server holds so long; then the next run tries again. */
const REVISED_AFTER_MS = 600_000;

/** While no thinking is cut there is nothing to learn from a server's counters; they are polled this rarely then. */
const POLL_EVERY_MS = 10_000;

export type Proof = Verdict | 'inconclusive';

type Dated = { readonly verdict: Verdict; readonly at: number };

/** A run, or a self-test, while it may make the server generate. */
export type Stay = {
  /** nothing else was generated for this process since it began */
  readonly alone: boolean;
  /** It generates nothing more. Until `leave`, others can still end its solitude, but it does not end theirs. */
  rest(): void;
  leave(): void;
};

export class Evidence {
  readonly #verdicts = new Map<'native' | 'stream', Dated>();
  readonly #stays = new Set<{ alone: boolean; generates: boolean }>();
  readonly #answers = new AnswerLengths();
  #suspicions = 0;
  #inconclusive = 0;
  #proving: Promise<void> | undefined;
  #polls = 0;
  #nextPoll = 0;
  #promptRatio: number | undefined;
  #firstTokenMs: number | undefined;
  /** the prompt is hidden, and its template opens thinking */
  opensUnseen = false;

  known(now: number): Known {
    return {
      native: this.#verdict('native', now),
      stream: this.#verdict('stream', now),
      promptRatio: this.promptRatio,
    };
  }

  /** The least first-token time and the usual length of an answer: company makes neither smaller. */
  get pace(): Pace {
    return { firstTokenMs: this.#firstTokenMs, usualAnswer: this.#answers.usual };
  }

  /** A prompt token's time compared with a generated one's; undefined while nothing was timed. */
  get promptRatio(): number | undefined {
    return this.#promptRatio;
  }

  enter(): Stay {
    const stays = this.#stays;
    const stay = { alone: true, generates: true };
    for (const other of stays) {
      other.alone = false;
      if (other.generates) stay.alone = false;
    }
    stays.add(stay);
    return {
      get alone() {
        return stay.alone;
      },
      rest: () => void (stay.generates = false),
      leave: () => void stays.delete(stay),
    };
  }

  hold(mechanism: 'native' | 'stream', now: number): void {
    this.#verdicts.set(mechanism, { verdict: { held: true }, at: now });
  }

  fail(mechanism: 'native' | 'stream', why: string, now: number): void {
    this.#verdicts.set(mechanism, { verdict: { held: false, why }, at: now });
  }

  /** Our cut seems to save nothing. `clear` says that it does. */
  suspect(why: string, now: number): void {
    this.#suspicions += 1;
    if (this.#suspicions >= IN_A_ROW) this.fail('stream', why, now);
  }

  clear(): void {
    this.#suspicions = 0;
  }

  /** Tries the server's own budget, unless that is being done. Never rejects. */
  prove(test: () => Promise<Proof>, now: () => number): Promise<void> {
    this.#proving ??= this.#prove(test, now).finally(() => (this.#proving = undefined));
    return this.#proving;
  }

  async #prove(test: () => Promise<Proof>, now: () => number): Promise<void> {
    const stay = this.enter();
    try {
      const proof = await test();
      if (proof !== 'inconclusive') {
        this.#verdicts.set('native', { verdict: proof, at: now() });
      } else if (++this.#inconclusive >= IN_A_ROW) {
        this.#inconclusive = 0;
        this.fail('native', `${IN_A_ROW} self-tests were inconclusive`, now());
      }
    } catch {
      // it could not be made: that shows nothing of the mechanism
    } finally {
      stay.leave();
    }
  }

  /** Whether the server's counters are worth reading before a run. */
  isTimeToPoll(now: number): boolean {
    if (this.#verdict('stream', now) !== undefined) return false;
    if (this.#polls >= IN_A_ROW && now < this.#nextPoll) return false;
    this.#polls += 1;
    this.#nextPoll = now + POLL_EVERY_MS;
    return true;
  }

  /** There was a cut to learn from. */
  pollAgain(): void {
    this.#polls = 0;
  }

  /** The least counts, because waiting in a queue is in it. */
  timed({
    ratio,
    firstTokenMs,
  }: {
    readonly ratio?: number | undefined;
    readonly firstTokenMs?: number | undefined;
  }): void {
    if (ratio !== undefined) this.#promptRatio = Math.min(ratio, this.#promptRatio ?? ratio);
    if (firstTokenMs !== undefined) this.#firstTokenMs = Math.min(firstTokenMs, this.#firstTokenMs ?? firstTokenMs);
  }

  answered(tokens: number): void {
    this.#answers.add(tokens);
  }

  /** What was tried, and what came of it, for people. */
  summary(now: number): Readonly<Record<string, string>> {
    return Object.fromEntries(
      (['native', 'stream'] as const).flatMap((mechanism) => {
        const verdict = this.#verdict(mechanism, now);
        return verdict === undefined ? [] : [[mechanism, verdict.held ? 'held' : verdict.why]];
      }),
    );
  }

  #verdict(mechanism: 'native' | 'stream', now: number): Verdict | undefined {
    const dated = this.#verdicts.get(mechanism);
    if (dated === undefined || dated.verdict.held || now - dated.at < REVISED_AFTER_MS) return dated?.verdict;
    this.#verdicts.delete(mechanism);
    // one more of the kind that convicted it does so again
    if (mechanism === 'stream') this.#suspicions = IN_A_ROW - 1;
    return undefined;
  }
}

/** A process talks to few servers; a name changes with version and model. */
const MOST_SERVERS = 32;

/** The evidence by server, as `Facts.server` names it. */
export class EvidenceOfServers {
  readonly #servers = new Map<string, Evidence>();

  of(server: string): Evidence {
    const known = this.#servers.get(server) ?? new Evidence();
    // the most recent last
    this.#servers.delete(server);
    this.#servers.set(server, known);
    if (this.#servers.size > MOST_SERVERS) this.#servers.delete(this.#servers.keys().next().value ?? '');
    return known;
  }
}
