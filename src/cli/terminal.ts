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

const CLEAR_LINE = '\r\u001B[2K';

/** One line on a terminal's stderr that shows what a command is doing now. It writes nothing in a pipe. */
export class StatusLine {
  readonly #stderr: Terminal['stderr'];
  #isShown = false;

  constructor({ stderr }: Terminal) {
    this.#stderr = stderr;
  }

  show(text: string): void {
    if (this.#stderr.isTTY !== true) return;
    this.#isShown = true;
    this.#stderr.write(CLEAR_LINE + text.slice(0, (this.#stderr.columns ?? 80) - 1));
  }

  clear(): void {
    if (this.#isShown) this.#stderr.write(CLEAR_LINE);
    this.#isShown = false;
  }
}
