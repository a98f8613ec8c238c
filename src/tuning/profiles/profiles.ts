/** Budgets that tunings have found, under the names that users gave them. */
import { InvalidInputError } from '../../errors.ts';

/** Measured together with the budget. */
export type EarlyStop = {
  /** nats */
  readonly threshold: number;
  readonly accuracy: number;
  readonly saving: number;
};

export type Profile = {
  readonly name: string;
  /** thinking tokens */
  readonly budget: number;
  /** as the engine names it */
  readonly model: string;
  /** mean tokens, under this budget */
  readonly thinking_tokens: number;
  readonly answer_tokens: number;
  /** shares, 0 to 1 */
  readonly accuracy: number;
  readonly unlimited_accuracy: number;
  /** share of unlimited's thinking tokens */
  readonly saving: number;
  /** thinking ends when the model is this near to ending it; absent: not calibrated, or it loses too much */
  readonly early_stop?: EarlyStop;
  readonly cases: number;
  readonly tuning_id: string;
  /** ISO 8601 */
  readonly made_at: string;
};

/** Where profiles outlive the process. */
export type ProfileStore = {
  putProfile(profile: Profile): void;
  profiles(): Promise<readonly Profile[]>;
};

const NAME = /^[\w.-]{1,64}$/;

export class Profiles {
  readonly #store: ProfileStore | undefined;
  /** of this process: the store may keep nothing */
  readonly #own = new Map<string, Profile>();

  constructor(store?: ProfileStore) {
    this.#store = store;
  }

  put(profile: Profile): void {
    this.#own.set(profile.name, profile);
    this.#store?.putProfile(profile);
  }

  async all(): Promise<readonly Profile[]> {
    const stored = (await this.#store?.profiles()) ?? [];
    const byName = new Map([...this.#own.values(), ...stored].map((profile) => [profile.name, profile]));
    return [...byName.values()].toSorted((a, b) => a.name.localeCompare(b.name));
  }

  /** @throws {InvalidInputError} if there is none, with the names that exist */
  async get(name: string): Promise<Profile> {
    const all = await this.all();
    const found = all.find((profile) => profile.name === name.trim());
    if (found !== undefined) return found;
    const names = all.map((profile) => profile.name).join(', ');
    throw new InvalidInputError(`there is no profile named ${name}`, {
      hint: names === '' ? 'make one with tune_budget and save_as' : `use one of: ${names}`,
    });
  }
}

/** @throws {InvalidInputError} */
export function checkName(name: string): string {
  if (NAME.test(name)) return name;
  throw new InvalidInputError(`save_as is ${JSON.stringify(name.slice(0, 80))}`, {
    hint: 'use 1 to 64 letters, digits, points, hyphens and underscores',
  });
}
