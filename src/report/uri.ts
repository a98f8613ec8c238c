/** The URIs of resources. */

/** What all calls used. */
export const USAGE_URI = 'thinkmeter://usage';

/** A tuning with the results of its cases. */
export function tuningUri(tuningId: string): string {
  return `thinkmeter://tunings/${tuningId}`;
}

/** The full record of a run or batch. */
export function runUri(runId: string): string {
  return `thinkmeter://runs/${runId}`;
}
