/** Questions to the person at the terminal. They are written to stderr, because stdout may be a pipe. */
import { Writable } from 'node:stream';
import { createInterface, type Interface } from 'node:readline/promises';
import { CancelledError } from '../errors.ts';
import type { Terminal } from './terminal.ts';

export class Questions {
  readonly #stderr: Writable;
  readonly #lines: Interface;
  readonly #signal: AbortSignal;
  /** rejects when the input has ended, or at Ctrl-C */
  readonly #ended: Promise<never>;
  #isSecret = false;

  constructor({ stdin, stderr }: Terminal, signal: AbortSignal) {
    this.#stderr = stderr;
    this.#signal = signal;
    const output = new Writable({
      write: (chunk: Buffer, _, done) => {
        if (!this.#isSecret) stderr.write(chunk);
        done();
      },
    });
    this.#lines = createInterface({ input: stdin, output, terminal: true });
    this.#lines.on('SIGINT', () => this.#lines.close());
    this.#ended = new Promise((_, reject) => {
      this.#lines.once('close', () => reject(new CancelledError('the questions were not answered')));
    });
    this.#ended.catch(() => undefined);
  }

  /** The answer, without white space around it; `otherwise` if it is empty. */
  async ask(question: string, otherwise = ''): Promise<string> {
    const shown = `${question}${otherwise === '' ? '' : ` [${otherwise}]`}: `;
    const answer = await this.#answer(shown);
    return answer === '' ? otherwise : answer;
  }

  /** An answer that the terminal does not show. */
  async askSecret(question: string): Promise<string> {
    this.#stderr.write(`${question}: `);
    this.#isSecret = true;
    try {
      return await this.#answer('');
    } finally {
      this.#isSecret = false;
      this.#stderr.write('\n');
    }
  }

  async confirm(question: string, otherwise: boolean): Promise<boolean> {
    const answer = await this.#answer(`${question} ${otherwise ? '[Y/n]' : '[y/N]'} `);
    return answer === '' ? otherwise : /^y(es)?$/i.test(answer);
  }

  /** The chosen one of numbered choices; the first if the answer is empty. */
  async choose<Choice>(
    question: string,
    choices: readonly Choice[],
    toLabel: (choice: Choice) => string,
  ): Promise<Choice> {
    const lines = choices.map((choice, index) => `${String(index + 1).padStart(3)}  ${toLabel(choice)}\n`);
    this.#stderr.write(lines.join(''));
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- asks until the answer is a choice
      const answer = await this.ask(question, '1');
      const chosen = choices[Number(answer) - 1];
      if (chosen !== undefined) return chosen;
      this.#stderr.write(`${answer} is not a number from 1 to ${choices.length}\n`);
    }
  }

  close(): void {
    this.#lines.close();
  }

  async #answer(shown: string): Promise<string> {
    try {
      return (await Promise.race([this.#lines.question(shown, { signal: this.#signal }), this.#ended])).trim();
    } catch (error) {
      if (this.#signal.aborted) throw new CancelledError('the questions were not answered', { cause: error });
      throw error;
    }
  }
}
