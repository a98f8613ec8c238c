/**
 * Merges the two channels of chat servers, reasoning and content, into one text with the family's markers, so that one loop
 * reads every server. A server with a parser splits them; without a parser everything is content. A parser can also
 * return a whole answer as reasoning, without any content. All three were seen, or read in the sources.
 */
import type { Family } from '../../../prompt/family.ts';

/**
 * The thinking mode of a request. `closed`: the prompt ends with a closed thinking block, so the model writes the answer;
 * a parser may still report this answer as reasoning.
 */
export type ThinkingRequested = 'on' | 'off' | 'closed';

export type Segment = { readonly text: string; readonly isMarker: boolean };

export class MarkedText {
  #state: 'begin' | 'thinking' | 'content' = 'begin';
  /** reasoning received although thinking was off: only the end of the stream shows whether this is the answer */
  #buffered = '';
  /** the beginning of the content, as long as it may become a start marker */
  #lead = '';
  readonly #family: Family;
  readonly #thinking: ThinkingRequested;
  readonly #learnt: { splits: boolean };

  /** `learnt` is shared between requests: a server that has split the channels once has a parser. */
  constructor(family: Family, thinking: ThinkingRequested, learnt: { splits: boolean }) {
    this.#family = family;
    this.#thinking = thinking;
    this.#learnt = learnt;
  }

  /** Reasoning received although thinking was off, not yet returned as a segment. */
  get buffered(): string {
    return this.#buffered;
  }

  /** Markers are separate segments without tokens, because no token of the stream produced them. */
  push(reasoning: string, content: string): Segment[] {
    return [...this.#pushReasoning(reasoning), ...this.#pushContent(content)];
  }

  /** The buffered rest at the end of the stream. `stopped`: the model ended its turn. */
  end(stopped: boolean): Segment[] {
    const lead = this.#takeLead();
    if (lead !== '') return [marker(this.#family.startMarker), plain(lead)];
    const buffered = this.#takeBuffered();
    if (buffered === '') return [];
    // if the model stopped, or the switch is a word that the parser cannot see, this text is the answer; else unfinished thinking
    const isAnswer = stopped || this.#family.switch.kind === 'word';
    return isAnswer ? [plain(buffered)] : [marker(this.#family.startMarker), plain(buffered)];
  }

  #pushReasoning(text: string): Segment[] {
    if (text === '') return [];
    this.#learnt.splits = true;
    if (this.#thinking === 'off') {
      this.#buffered += text;
      return [];
    }
    if (this.#thinking === 'closed') {
      this.#state = 'thinking';
      return [plain(text)];
    }
    const opens = this.#state !== 'thinking';
    this.#state = 'thinking';
    return opens ? [marker(this.#family.startMarker), plain(text)] : [plain(text)];
  }

  #pushContent(text: string): Segment[] {
    if (text === '') return [];
    const { startMarker, endMarker, opensInPrompt } = this.#family;
    const before = this.#state;
    this.#state = 'content';
    const buffered = this.#takeBuffered();
    if (buffered !== '') return [marker(startMarker), plain(buffered), marker(endMarker), plain(text)];
    // after a closed thinking block the model has started to think again
    if (before === 'thinking' && this.#thinking === 'closed') return [marker(`\n${endMarker}\n`), plain(text)];
    if (before === 'thinking') return [marker(endMarker), plain(text)];
    // without a parser the thinking that the prompt opened continues in the content
    const raw = this.#thinking === 'on' && opensInPrompt && !this.#learnt.splits;
    return before === 'begin' && raw ? this.#opened(text) : [plain(text)];
  }

  /** The model may write its own start marker, cut into pieces: buffered until the text is a start marker or is not. */
  #opened(text: string): Segment[] {
    const { startMarker } = this.#family;
    this.#lead += text;
    const words = this.#lead.trimStart();
    if (words !== startMarker && startMarker.startsWith(words)) {
      this.#state = 'begin';
      return [];
    }
    const lead = this.#takeLead();
    return words.startsWith(startMarker) ? [plain(lead)] : [marker(startMarker), plain(lead)];
  }

  #takeLead(): string {
    const lead = this.#lead;
    this.#lead = '';
    return lead;
  }

  #takeBuffered(): string {
    const buffered = this.#buffered;
    this.#buffered = '';
    return buffered;
  }
}

const marker = (text: string): Segment => ({ text, isMarker: true });
const plain = (text: string): Segment => ({ text, isMarker: false });

/** Removes llama.cpp's echo: it repeats the given beginning of the turn before new text (seen on commit 0c1e570). */
export class Echo {
  /** the text that the server may still repeat; empty once the echo is over */
  #expected: string;
  #buffered = '';

  constructor(given: string) {
    this.#expected = given;
  }

  /** Returns the part that is not the echo. Text that may still be the echo is buffered. */
  push(text: string): string {
    if (this.#expected === '') return text;
    const received = this.#buffered + text;
    if (received !== this.#expected && this.#expected.startsWith(received)) {
      this.#buffered = received;
      return '';
    }
    const rest = received.startsWith(this.#expected) ? received.slice(this.#expected.length) : received;
    this.#expected = '';
    this.#buffered = '';
    return rest;
  }

  /** The text that is still buffered at the end of the stream. */
  end(): string {
    const buffered = this.#buffered;
    this.#buffered = '';
    return buffered;
  }
}
