/** The URIs of resources. */

/** What all calls used. */
export const USAGE_URI = 'thinkmeter://usage';

/** The full record of a run or batch. */
export function runUri(runId: string): string {
  return `thinkmeter://runs/${runId}`;
}
