/** What runs cost and saved: of this process, and of all processes that share the state file. */
import { addLengths, classOf, type Lengths } from './lengths.ts';
import { costOf, type Prices } from './prices.ts';
import { addUse, NO_USE, type Use } from './use.ts';

/** What runs of one day, model and tool used. */
export type UseRow = {
  /** `2026-11-27`, in local time */
  readonly day: string;
  readonly model: string;
  readonly tool: string;
  readonly use: Use;
  readonly lengths: Lengths;
};

/** Where rows outlive the process. */
export type UseStore = {
  addUse(row: UseRow): void;
  /** from a day on, of all processes; undefined: nothing is kept */
  uses(sinceDay: string): Promise<readonly UseRow[] | undefined>;
};

/** What follows from how a run ended. */
type Counted = 'calls' | 'failedCalls' | 'cutCalls' | keyof ByProfile;

/** One run. */
export type Spent = {
  readonly model: string;
  readonly tool: string;
  readonly use: Omit<Use, Counted>;
  /** of the profile whose budget the run had: the measured share of unlimited's thinking tokens; absent: it had none */
  readonly profileSaving?: number | undefined;
  /** how thinking ended; `none`: there was none, or it was switched off */
  readonly thinking: 'closed' | 'cut' | 'none' | 'failed';
};

type Options = { readonly prices: Prices; readonly store?: UseStore; readonly today: () => string };

export class Spending {
  readonly prices: Prices;
  readonly #store: UseStore | undefined;
  readonly #today: () => string;
  readonly #rows = new Map<string, UseRow>();

  constructor({ prices, store, today }: Options) {
    this.prices = prices;
    this.#store = store;
    this.#today = today;
  }

  /** Returns what the run cost; undefined: no prices are set. */
  add({ model, tool, use, thinking, profileSaving }: Spent): number | undefined {
    const whole: Use = {
      ...use,
      calls: 1,
      failedCalls: thinking === 'failed' ? 1 : 0,
      cutCalls: thinking === 'cut' ? 1 : 0,
      ...(profileSaving === undefined ? NO_PROFILE : byProfile(use.thinkingTokens, profileSaving)),
    };
    // what a profile has measured is not estimated again
    const lengths = profileSaving === undefined ? lengthsOf(thinking, use.thinkingTokens) : new Map<number, never>();
    const row = { day: this.#today(), model, tool, use: whole, lengths };
    this.#rows.set(keyOf(row), added(this.#rows.get(keyOf(row)), row));
    this.#store?.addUse(row);
    return costOf(use, this.prices);
  }

  /** Of this process. */
  total(): Use {
    return [...this.#rows.values()].reduce((sum, { use }) => addUse(sum, use), NO_USE);
  }

  /** Of all processes, or of this one if nothing is kept. */
  async rows(sinceDay: string): Promise<readonly UseRow[]> {
    return (await this.#store?.uses(sinceDay)) ?? [...this.#rows.values()].filter(({ day }) => day >= sinceDay);
  }
}

export function keyOf({ day, model, tool }: Pick<UseRow, 'day' | 'model' | 'tool'>): string {
  return JSON.stringify([day, model, tool]);
}

export function added(a: UseRow | undefined, b: UseRow): UseRow {
  return a === undefined ? b : { ...b, use: addUse(a.use, b.use), lengths: addLengths(a.lengths, b.lengths) };
}

type ByProfile = Pick<Use, 'profileCalls' | 'profileThinkingTokens' | 'profileSavedTokens'>;

const NO_PROFILE: ByProfile = { profileCalls: 0, profileThinkingTokens: 0, profileSavedTokens: 0 };

/** Unlimited thinking would have taken `tokens / (1 - saving)`. A budget of 0 saves all, and tells nothing of a single run. */
function byProfile(tokens: number, saving: number): ByProfile {
  const saved = saving < 1 ? (tokens * saving) / (1 - saving) : 0;
  return { profileCalls: 1, profileThinkingTokens: tokens, profileSavedTokens: saved };
}

/** Thinking that was switched off, or of a failed run, says nothing about its length. */
function lengthsOf(thinking: Spent['thinking'], tokens: number): Lengths {
  if (thinking === 'none' || thinking === 'failed') return new Map();
  const isClosed = thinking === 'closed';
  const counted = { closed: isClosed ? 1 : 0, closedTokens: isClosed ? tokens : 0, cut: isClosed ? 0 : 1 };
  return new Map([[classOf(tokens), counted]]);
}

const DAY_MS = 86_400_000;

/** The first of so many days, today included. */
export function firstOfDays(days: number): string {
  return localDay(new Date(Date.now() - (days - 1) * DAY_MS));
}

/** `2026-11-27` in local time. */
export function localDay(at: Date): string {
  return [at.getFullYear(), at.getMonth() + 1, at.getDate()].map((part) => String(part).padStart(2, '0')).join('-');
}
