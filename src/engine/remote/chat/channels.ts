/**
 * Two channels, thinking and content, as one text with the family's markers, so that one loop reads every server. What
 * servers do with them was seen, or read in their sources: a parser splits them; without one everything is content; a
 * parser that was misled hands an answer over as thinking, with no content at all.
 */
import type { Family } from '../../../prompt/family.ts';

/**
 * What a request has asked of thinking: `closed`, it goes on behind a thought that was closed in the prompt. Then a parser
 * may take all that comes for thinking, and what comes is the answer.
 */
export type ThinkingRequested = 'on' | 'off' | 'closed';

export type Segment = { readonly text: string; readonly isMarker: boolean };

export class MarkedText {
  #state: 'begin' | 'thinking' | 'content' = 'begin';
  /** came as thinking where none was asked for: what it is shows at the end */
  #buffered = '';
  /** the beginning of the content, while it may become a start marker */
  #lead = '';
  readonly #family: Family;
  readonly #thinking: ThinkingRequested;
  readonly #learnt: { splits: boolean };

  /** `learnt` is shared between requests: once the server has split, it does. */
  constructor(family: Family, thinking: ThinkingRequested, learnt: { splits: boolean }) {
    this.#family = family;
    this.#thinking = thinking;
    this.#learnt = learnt;
  }

  /** Text that came as thinking although thinking was off: where it belongs shows only at the end. */
  get buffered(): string {
    return this.#buffered;
  }

  /** Markers are segments of their own, without tokens: no token of the stream made them. */
  push(reasoning: string, content: string): Segment[] {
    return [...this.#pushReasoning(reasoning), ...this.#pushContent(content)];
  }

  /** What is left when the stream is over; `stopped`: the model ended its turn. */
  end(stopped: boolean): Segment[] {
    const lead = this.#takeLead();
    if (lead !== '') return [marker(this.#family.startMarker), plain(lead)];
    const buffered = this.#takeBuffered();
    if (buffered === '') return [];
    // a whole turn in the wrong channel is the answer, as is what a parser could not know; else it is a thought, cut off
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
    // behind a closed thought: it has thought once more after all
    if (before === 'thinking' && this.#thinking === 'closed') return [marker(`\n${endMarker}\n`), plain(text)];
    if (before === 'thinking') return [marker(endMarker), plain(text)];
    // no parser: the thought that the prompt opened goes on in the content
    const raw = this.#thinking === 'on' && opensInPrompt && !this.#learnt.splits;
    return before === 'begin' && raw ? this.#opened(text) : [plain(text)];
  }

  /** The model may write its own start marker, in as many pieces as it likes: held until that can be told. */
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

/** llama.cpp sends the beginning of a turn that it was given back before what it generates (seen on commit 0c1e570). */
export class Echo {
  /** what may still come back */
  #expected: string;
  #buffered = '';

  constructor(given: string) {
    this.#expected = given;
  }

  /** What of it is not the echo; held back while that cannot be told. */
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

  /** What was held back when the stream is over. */
  end(): string {
    const buffered = this.#buffered;
    this.#buffered = '';
    return buffered;
  }
}
