/** The live line of a run on a terminal: a bar, and the tokens as they come. */
import type { Progress } from '../budget/values.ts';
import { progressText } from '../report/progress.ts';
import type { Terminal } from './terminal.ts';

const REDRAW_MS = 80;
const BAR = 24;
const CLEAR_LINE = '\r\u001B[2K';

export class Meter {
  readonly #terminal: Terminal;
  readonly #now: () => number;
  #drawnAt = -Infinity;

  constructor(terminal: Terminal, now: () => number) {
    this.#terminal = terminal;
    this.#now = now;
  }

  /** `budget` in thinking tokens */
  show(progress: Progress, budget: number): void {
    const { stderr } = this.#terminal;
    if (stderr.isTTY !== true || this.#now() - this.#drawnAt < REDRAW_MS) return;
    this.#drawnAt = this.#now();
    const line = `${bar(share(progress, budget))} ${progressText(progress)}`;
    stderr.write(CLEAR_LINE + line.slice(0, (stderr.columns ?? 80) - 1));
  }

  clear(): void {
    if (this.#drawnAt > -Infinity) this.#terminal.stderr.write(CLEAR_LINE);
  }
}

/** Of the budget; while a model is loaded, of the file whose per cent the message ends in. */
function share({ phase, thinkingTokens, message }: Progress, budget: number): number {
  if (phase === 'loading') return Number(/(\d+) %$/.exec(message ?? '')?.[1] ?? 0) / 100;
  return budget === 0 ? 0 : thinkingTokens / budget;
}

function bar(done: number): string {
  const full = Math.round(Math.min(1, done) * BAR);
  return '█'.repeat(full) + '░'.repeat(BAR - full);
}
