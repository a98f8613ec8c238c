/**
 * A rendered conversation as text, with a gap for each text of others. It is the same for every question that a tool asks,
 * so with it a prompt costs no request: the gaps are filled, and the server tokenizes the whole as it begins to generate.
 */
import { EngineUnsupportedError } from '../errors.ts';
import type { Codec, PlainMessage } from './codec.ts';
import type { Conversation, Message } from './messages.ts';
import type { Part } from './question.ts';

/** Before, between and behind the texts of others: one more than there are texts. */
export type Skeleton = readonly string[];

/** @throws {EngineUnsupportedError} when the template changes what it is given */
export async function buildSkeleton({ messages, templateArguments }: Conversation, codec: Codec): Promise<Skeleton> {
  let gaps = 0;
  // letters and digits only: no template strips them and no tokenizer has a control token for them
  const nonce = `q${crypto.randomUUID().replaceAll('-', '')}`;
  const placeholder = (part: Part): string => (part.from === 'ours' ? part.text : `${nonce}n${gaps++}e`);
  const text = await codec.decode(await codec.template(withContent(messages, placeholder), templateArguments));
  // odd places of the split are the numbers of the gaps
  const pieces = text.split(new RegExp(`${nonce}n(\\d+)e`));
  const numbers = pieces.filter((_, index) => index % 2 === 1).map(Number);
  if (numbers.length !== gaps || !numbers.every((number, index) => number === index)) {
    throw new EngineUnsupportedError('the chat template of this model does not keep text as it is given', {
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

/** Conversations of few shapes are asked: a tool's own sentences, with and without context, thinking on and off. */
const MOST_KEPT = 64;

/** Skeletons that were seen to give the same tokens as the template itself. */
export class Skeletons {
  /** undefined: it is being built, or it cannot be used */
  readonly #known = new Map<string, Skeleton | undefined>();

  /** Of all conversations with the same skeleton the same. */
  shapeOf({ messages, templateArguments }: Conversation): string {
    const parts = messages.map((message) => message.parts.map(({ from, text }) => (from === 'ours' ? text : 0)));
    return JSON.stringify([parts, templateArguments]);
  }

  get(conversation: Conversation): Skeleton | undefined {
    return this.#known.get(this.shapeOf(conversation));
  }

  /** Builds one beside the first prompt of its kind, and compares what it gives with that prompt. Never rejects. */
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
      // a request that failed shows nothing: the next prompt tries again
      this.#known.delete(shape);
    }
  }

  /** A server made other tokens of it than the template does. */
  distrust(conversation: Conversation): void {
    this.#known.set(this.shapeOf(conversation), undefined);
  }
}

export function isSame(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((id, index) => id === b[index]);
}
