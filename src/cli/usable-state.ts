import { ConfigError } from '../errors.ts';
import type { State } from '../state/state.ts';

/** @throws {ConfigError} if the state file could not be read or written: then nothing that follows is true */
export function checkUsable({ problem }: State): void {
  if (problem === undefined) return;
  throw new ConfigError(problem, { hint: 'set --state or THINKMETER_STATE to another file' });
}
