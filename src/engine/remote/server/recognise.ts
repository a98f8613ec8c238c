/** Which kind a server is, by what it said of itself. */
import type { Dialect } from './dialect.ts';
import { DIALECTS } from './dialects.ts';
import type { Found } from './signs.ts';

/** The last row fits any server. */
export const UNKNOWN = DIALECTS.at(-1) as Dialect;

/** Uses only signs that need no polling: host, owner and header. */
export function recogniseAtOnce({ host, owner, serverHeader }: Found): Dialect | undefined {
  return DIALECTS.find(
    (row) =>
      row.host === host ||
      (row.owner !== undefined && row.owner === owner) ||
      (row.serverHeader !== undefined && row.serverHeader === serverHeader),
  );
}

/** Uses the responses of the polled paths. */
export function recognise(found: Found): Dialect {
  return DIALECTS.find((row) => row.recognise?.(found) === true) ?? UNKNOWN;
}

/** Paths to poll while the kind of server is unknown. */
export const ALL_POLLS: readonly string[] = [...new Set(DIALECTS.flatMap(({ polls }) => polls))];

export function dialectNamed(name: string): Dialect {
  return DIALECTS.find((row) => row.name === name) ?? UNKNOWN;
}
