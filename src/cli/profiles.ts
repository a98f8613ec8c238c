/** `thinkmeter profiles`: the budgets that tunings have found. */
import { InvalidInputError } from '../errors.ts';
import type { State } from '../state/state.ts';
import { Tunings } from '../state/tunings.ts';
import type { Profile } from '../tuning/profiles/profiles.ts';
import { toTable } from './table.ts';
import type { Terminal } from './terminal.ts';
import { checkUsable } from './usable-state.ts';

export type ProfilesAction =
  | { readonly kind: 'list'; readonly json: boolean }
  | { readonly kind: 'show'; readonly name: string }
  | { readonly kind: 'delete'; readonly name: string };

export async function profiles(action: ProfilesAction, state: State, { stdout }: Terminal): Promise<void> {
  const print = (text: string): void => void stdout.write(`${text}\n`);
  const tunings = new Tunings(state);
  const all = await tunings.profiles();
  checkUsable(state);
  if (action.kind === 'list') {
    if (action.json) print(JSON.stringify({ profiles: all }));
    else if (all.length === 0) print('no profiles are kept yet; thinkmeter tune FILE --save-as NAME makes one');
    else print(toTable(['profile', 'budget', 'right', 'unlimited', 'saved', 'cases', 'model', 'day'], all.map(toRow)));
    return;
  }
  const found = all.find(({ name }) => name === action.name);
  if (found === undefined) {
    throw new InvalidInputError(`there is no profile named ${action.name}`, { hint: 'thinkmeter profiles lists them' });
  }
  if (action.kind === 'show') {
    print(JSON.stringify(found, undefined, 2));
    return;
  }
  tunings.deleteProfile(found.name);
  await state.write();
  checkUsable(state);
  print(`the profile ${found.name} was deleted`);
}

function toRow({
  name,
  budget,
  accuracy,
  unlimited_accuracy: unlimited,
  saving,
  cases,
  model,
  made_at: at,
}: Profile): string[] {
  return [
    name,
    String(budget),
    percent(accuracy),
    percent(unlimited),
    percent(saving),
    String(cases),
    model,
    at.slice(0, 10),
  ];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
