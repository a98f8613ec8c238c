/** What a command may know of the terminal it runs in. */
import type { Readable, Writable } from 'node:stream';

export type Terminal = {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  /** NO_COLOR is honoured */
  readonly color: boolean;
};

const DIM = ['\u001B[2m', '\u001B[22m'] as const;

export function dimmed(text: string, { color, stderr }: Terminal): string {
  return color && stderr.isTTY === true ? `${DIM[0]}${text}${DIM[1]}` : text;
}
