/** The resource URI of the full record of a run or batch. */
export function runUri(runId: string): string {
  return `thinkmeter://runs/${runId}`;
}
