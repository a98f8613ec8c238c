import { availableParallelism, cpus } from 'node:os';

/** Minimum, median and 90th percentile of measured milliseconds, as a table row. */
export function figures(name: string, ms: readonly number[]): string[] {
  const sorted = ms.toSorted((a, b) => a - b);
  const at = (part: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0).toFixed(2);
  return [name, at(0), at(0.5), at(0.9)];
}

export const HEADINGS = ['', 'min ms', 'median ms', 'p90 ms'];

export function median(ms: readonly number[]): number {
  return ms.toSorted((a, b) => a - b)[Math.floor(ms.length / 2)] ?? 0;
}

/** Where the figures were measured. */
export const machine = (): string =>
  `node ${process.version}, ${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'})`;
