/** Where a run, or a batch, can be read in full. */
export function runUri(runId: string): string {
  return `thinkmeter://runs/${runId}`;
}
