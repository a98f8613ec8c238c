/**
 * Two channels, thinking and content, as one text with the family's markers, so that one loop reads every server. What
 * servers do with them was seen, or read in their sources: a parser splits them; without one everything is content; a
 * parser that was misled hands an answer over as thinking, with no content at all.
 */
import type { Family } from '../../prompt/family.ts';

export class MarkedText {
  #state: 'begin' | 'thinking' | 'content' = 'begin';
  /** came as thinking where none was asked for: what it is shows at the end */
  #held = '';
  readonly #family: Family;
  readonly #thinking: boolean;
  readonly #splits: { known: boolean };

  /** `splits` is shared between requests: once the server has split, it does. */
  constructor(family: Family, thinking: boolean, splits: { known: boolean }) {
    this.#family = family;
    this.#thinking = thinking;
    this.#splits = splits;
  }

  push(thought: string, said: string): string {
    return this.#thought(thought) + this.#said(said);
  }

  /** What is left when the stream is over; `stopped`: the model ended its turn. */
  end(stopped: boolean): string {
    const held = this.#held;
    if (held === '') return '';
    this.#held = '';
    // a whole turn in the wrong channel is the answer; what was cut off is a thought
    return stopped ? held : this.#family.startMarker + held;
  }

  #thought(text: string): string {
    if (text === '') return '';
    this.#splits.known = true;
    if (!this.#thinking) {
      this.#held += text;
      return '';
    }
    const opens = this.#state !== 'thinking';
    this.#state = 'thinking';
    return opens ? this.#family.startMarker + text : text;
  }

  #said(text: string): string {
    if (text === '') return '';
    const { startMarker, endMarker, opensInPrompt } = this.#family;
    const before = this.#state;
    this.#state = 'content';
    if (this.#held !== '') {
      const held = this.#held;
      this.#held = '';
      return startMarker + held + endMarker + text;
    }
    if (before === 'thinking') return endMarker + text;
    // no parser: the thought that the prompt opened goes on in the content
    const raw = before === 'begin' && this.#thinking && opensInPrompt && !this.#splits.known;
    return raw && !text.trimStart().startsWith(startMarker) ? startMarker + text : text;
  }
}
