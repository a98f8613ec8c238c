/**
 * A rendered conversation as text, with a gap for each untrusted text. All questions of a tool share a skeleton, so a
 * prompt costs no request. The gaps are filled, and the server tokenizes the whole text when generation starts.
 */
import { EngineUnsupportedError } from '../errors.ts';
import type { Codec, PlainMessage } from './codec.ts';
import type { Conversation, Message } from './messages.ts';
import type { Part } from './question.ts';

/** The pieces before, between and after the untrusted texts: one piece more than texts. */
export type Skeleton = readonly string[];

/** @throws {EngineUnsupportedError} if the template changes the order or content of its messages */
export async function buildSkeleton({ messages, templateArguments }: Conversation, codec: Codec): Promise<Skeleton> {
  let gaps = 0;
  // letters and digits only: no template strips them, and no tokenizer has a control token made of them
  const nonce = `q${crypto.randomUUID().replaceAll('-', '')}`;
  const placeholder = (part: Part): string => (part.from === 'ours' ? part.text : `${nonce}n${gaps++}e`);
  const text = await codec.decode(await codec.template(withContent(messages, placeholder), templateArguments));
  // the split returns the numbers of the gaps at odd indexes
  const pieces = text.split(new RegExp(`${nonce}n(\\d+)e`));
  const numbers = pieces.filter((_, index) => index % 2 === 1).map(Number);
  if (numbers.length !== gaps || !numbers.every((number, index) => number === index)) {
    throw new EngineUnsupportedError('the chat template of this model changes the text of messages', {
      hint: 'remove control strings such as </think> or <SPECIAL_11> from the text',
    });
  }
  return pieces.filter((_, index) => index % 2 === 0);
}

export function fill(skeleton: Skeleton, texts: readonly string[]): string {
  return skeleton.map((piece, index) => piece + (texts[index] ?? '')).join('');
}

export function textsOf({ messages }: Conversation): string[] {
  return messages.flatMap(({ parts }) => parts.flatMap(({ from, text }) => (from === 'theirs' ? [text] : [])));
}

export function withContent(messages: readonly Message[], toText: (part: Part) => string): PlainMessage[] {
  return messages.map(({ role, parts }) => ({ role, content: parts.map(toText).join('') }));
}

/** Tools use few shapes: their own instructions, with and without context, with thinking on and off. */
const MOST_KEPT = 64;

/** Skeletons that give the same tokens as the template itself. */
export class Skeletons {
  /** undefined: the skeleton is being built, or is not usable */
  readonly #known = new Map<string, Skeleton | undefined>();

  /** A key that is equal for all conversations with the same skeleton. */
  shapeOf({ messages, templateArguments }: Conversation): string {
    const parts = messages.map((message) => message.parts.map(({ from, text }) => (from === 'ours' ? text : 0)));
    return JSON.stringify([parts, templateArguments]);
  }

  get(conversation: Conversation): Skeleton | undefined {
    return this.#known.get(this.shapeOf(conversation));
  }

  /** Builds a skeleton after the first prompt of a shape, and compares its tokens with that prompt. Never rejects. */
  async learn(conversation: Conversation, ids: readonly number[], codec: Codec): Promise<void> {
    const shape = this.shapeOf(conversation);
    if (this.#known.has(shape)) return;
    if (this.#known.size >= MOST_KEPT) this.#known.delete(this.#known.keys().next().value ?? '');
    this.#known.set(shape, undefined);
    try {
      const skeleton = await buildSkeleton(conversation, codec);
      const filled = await codec.encode(fill(skeleton, textsOf(conversation)));
      if (isSame(filled, ids)) this.#known.set(shape, skeleton);
    } catch {
      // a failed request shows nothing about the skeleton: the next prompt tries again
      this.#known.delete(shape);
    }
  }

  /** Stops using a skeleton, because the server made other tokens of its text than the template does. */
  distrust(conversation: Conversation): void {
    this.#known.set(this.shapeOf(conversation), undefined);
  }
}

export function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((id, index) => id === b[index]);
}
