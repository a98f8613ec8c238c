/**
 * Evidence about one server, from counting tokens and measuring times. Status codes are not evidence: servers return
 * 200 and ignore unknown fields.
 *
 * A server's counters and times are evidence only if the run was alone in this process from its start to its end:
 * parallel runs count each other's tokens. A run's own stream (an overrun, a refused field) is always evidence.
 * Every verdict against a server expires, so that a later run can revise it.
 */
import type { Known, Verdict } from '../budget/mechanism.ts';
import { SpeedModel, type SpeedData } from './speed-model.ts';

/** Observations that may be chance become a verdict after this many in a row. */
const IN_A_ROW = 3;

/** A verdict against a server expires after this time; the next run then tries again. */
const REVISED_AFTER_MS = 600_000;

/** Polling interval of a server's counters while no run cuts thinking: without a cut the counters show nothing. */
const POLL_EVERY_MS = 10_000;

export type Proof = Verdict | 'inconclusive';

type Dated = { readonly verdict: Verdict; readonly at: number };

/** A run or self-test, for as long as it may cause the server to generate. */
export type Activity = {
  /** this process has caused no other generation since the activity began */
  readonly alone: boolean;
  /** The run generates no more tokens. Until `end`, other runs still end its `alone`, but it does not end theirs. */
  stopGenerating(): void;
  end(): void;
};

export class Evidence {
  readonly #verdicts = new Map<'native' | 'stream', Dated>();
  readonly #activities = new Set<{ alone: boolean; generates: boolean }>();
  readonly speed = new SpeedModel();
  #suspicions = 0;
  #inconclusive = 0;
  #proving: Promise<void> | undefined;
  #polls = 0;
  #nextPoll = 0;
  #promptRatio: number | undefined;
  /** the server hides the prompt, and its template opens thinking there */
  opensHidden = false;

  known(now: number): Known {
    return {
      native: this.#verdict('native', now),
      stream: this.#verdict('stream', now),
      promptRatio: this.promptRatio,
    };
  }

  /** Time of a prompt token divided by that of a generated token; undefined until measured. */
  get promptRatio(): number | undefined {
    return this.#promptRatio;
  }

  begin(): Activity {
    const activities = this.#activities;
    const activity = { alone: true, generates: true };
    for (const other of activities) {
      other.alone = false;
      if (other.generates) activity.alone = false;
    }
    activities.add(activity);
    return {
      get alone() {
        return activity.alone;
      },
      stopGenerating: () => void (activity.generates = false),
      end: () => void activities.delete(activity),
    };
  }

  hold(mechanism: 'native' | 'stream', now: number): void {
    this.#verdicts.set(mechanism, { verdict: { held: true }, at: now });
  }

  fail(mechanism: 'native' | 'stream', why: string, now: number): void {
    this.#verdicts.set(mechanism, { verdict: { held: false, why }, at: now });
  }

  /** Records that a cut seemed to save no tokens. `clear` withdraws all suspicions. */
  suspect(why: string, now: number): void {
    this.#suspicions += 1;
    if (this.#suspicions >= IN_A_ROW) this.fail('stream', why, now);
  }

  clear(): void {
    this.#suspicions = 0;
  }

  /** Runs a self-test of the server's own budget. Callers during a self-test share it. Never rejects. */
  prove(test: () => Promise<Proof>, now: () => number): Promise<void> {
    this.#proving ??= this.#prove(test, now).finally(() => (this.#proving = undefined));
    return this.#proving;
  }

  async #prove(test: () => Promise<Proof>, now: () => number): Promise<void> {
    const activity = this.begin();
    try {
      const proof = await test();
      if (proof !== 'inconclusive') {
        this.#verdicts.set('native', { verdict: proof, at: now() });
      } else if (++this.#inconclusive >= IN_A_ROW) {
        this.#inconclusive = 0;
        this.fail('native', `${IN_A_ROW} self-tests were inconclusive`, now());
      }
    } catch {
      // a self-test that failed to run shows nothing about the mechanism
    } finally {
      activity.end();
    }
  }

  /** Whether a run should read the server's counters at its start. */
  isTimeToPoll(now: number): boolean {
    if (this.#verdict('stream', now) !== undefined) return false;
    if (this.#polls >= IN_A_ROW && now < this.#nextPoll) return false;
    this.#polls += 1;
    this.#nextPoll = now + POLL_EVERY_MS;
    return true;
  }

  /** A run has cut thinking, so the counters can show something: the next runs read them again. */
  pollAgain(): void {
    this.#polls = 0;
  }

  /** Keeps the smallest value, because times include waiting in the server's queue. */
  timed(ratio: number): void {
    this.#promptRatio = Math.min(ratio, this.#promptRatio ?? ratio);
  }

  /** The mechanisms tried and their verdicts, for operators. */
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
    // after a verdict has expired, one more suspicion restores it
    if (mechanism === 'stream') this.#suspicions = IN_A_ROW - 1;
    return undefined;
  }
}

/** One process uses few servers, but the name of a server changes with its version and model. */
const MOST_SERVERS = 32;

/** What other processes saw of a server's speed. */
export type Recalled = { readonly server: string; readonly data: SpeedData; readonly ageMs: number };

/** The evidence by server; `Facts.server` is the key. */
export class EvidenceOfServers {
  readonly #servers = new Map<string, Evidence>();

  of(server: string): Evidence {
    const known = this.#servers.get(server) ?? new Evidence();
    // a Map keeps insertion order: the least recently used server comes first and is deleted first
    this.#servers.delete(server);
    this.#servers.set(server, known);
    if (this.#servers.size > MOST_SERVERS) this.#servers.delete(this.#servers.keys().next().value ?? '');
    return known;
  }

  /** Call this once; the speeds of a server are used from its next run on. */
  recall(all: readonly Recalled[], now: number): void {
    for (const { server, data, ageMs } of all.slice(0, MOST_SERVERS)) this.of(server).speed.recall(data, ageMs, now);
  }
}
