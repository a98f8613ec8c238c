/**
 * A conversation as token ids, by the short way or by the long one.
 *
 * Short: the model's own chat template over the plain text. Long, for text that holds control strings: the template
 * over placeholders, split where they stand, the text tokenized apart with every control string broken in two, and
 * the ids joined. Every character arrives, none acts.
 */
import { EngineUnsupportedError } from '../errors.ts';
import { breakApart, controlStrings } from './control-text.ts';
import { TAIL_TOKENS, thinkingState, type Family, type ThinkingState } from './family.ts';
import { toConversation, type Conversation, type Message } from './messages.ts';
import type { Part, Question } from './question.ts';

export type PlainMessage = { readonly role: Message['role'] | 'assistant'; readonly content: string };

/** What rendering needs of an engine: its model's own template and tokenizer. */
export type Codec = {
  /** messages through the chat template, with the opening of the assistant's turn; ids */
  template(
    messages: readonly PlainMessage[],
    templateArguments: Conversation['templateArguments'],
  ): Promise<readonly number[]>;
  /** plain text to ids, with no special token added; control strings in it do become control tokens */
  encode(text: string): Promise<readonly number[]>;
  /** ids to text, special tokens shown */
  decode(ids: readonly number[]): Promise<string>;
};

export type Rendered = {
  readonly ids: readonly number[];
  readonly thinking: ThinkingState;
  readonly tail: string;
  /** tokens behind the start marker, where thinking is open */
  readonly opened: number;
};

export async function render(
  question: Pick<Question, 'system' | 'user'>,
  family: Family,
  thinking: boolean,
  codec: Codec,
): Promise<Rendered> {
  const conversation = toConversation(question, family, thinking);
  const controls = await findControls(conversation, family, codec);
  const ids =
    controls.length === 0 ? await shortWay(conversation, codec) : await longWay(conversation, controls, codec);
  const tail = await codec.decode(ids.slice(-TAIL_TOKENS));
  const state = thinkingState(tail, family);
  const begun = state === 'open' ? tail.slice(tail.lastIndexOf(family.startMarker) + family.startMarker.length) : '';
  return { ids, thinking: state, tail, opened: begun === '' ? 0 : (await codec.encode(begun)).length };
}

async function findControls({ messages }: Conversation, family: Family, codec: Codec): Promise<string[]> {
  const isOneToken = async (candidate: string): Promise<boolean> => (await codec.encode(candidate)).length === 1;
  const theirs = messages.flatMap(({ parts }) => parts).filter(({ from }) => from === 'theirs');
  const found = await Promise.all(theirs.map(({ text }) => controlStrings(text, family, isOneToken)));
  return [...new Set(found.flat())];
}

function shortWay({ messages, templateArguments }: Conversation, codec: Codec): Promise<readonly number[]> {
  return codec.template(
    withContent(messages, (part) => part.text),
    templateArguments,
  );
}

async function longWay(conversation: Conversation, controls: readonly string[], codec: Codec): Promise<number[]> {
  const texts: string[] = [];
  // letters and digits only: no template strips them and no tokenizer has a control token for them
  const nonce = `q${crypto.randomUUID().replaceAll('-', '')}`;
  const placeholder = (part: Part): string => {
    if (part.from === 'ours') return part.text;
    texts.push(part.text);
    return `${nonce}n${texts.length - 1}e`;
  };
  const messages = withContent(conversation.messages, placeholder);
  const skeleton = await codec.decode(await codec.template(messages, conversation.templateArguments));
  // odd places of the split are the numbers of the texts
  const segments = skeleton.split(new RegExp(`${nonce}n(\\d+)e`));
  if (segments.length !== 2 * texts.length + 1) {
    throw new EngineUnsupportedError('the chat template of this model does not keep text as it is given', {
      hint: 'remove control strings such as </think> or <SPECIAL_11> from the text',
    });
  }
  const pieces = segments.flatMap((segment, index) =>
    index % 2 === 0 ? [segment] : breakApart(texts[Number(segment)] ?? '', controls),
  );
  return encodeApart(pieces, codec);
}

/** Ids of the pieces in order; a piece that occurs often, as in hostile text, is tokenized once. */
async function encodeApart(pieces: readonly string[], codec: Codec): Promise<number[]> {
  const distinct = [...new Set(pieces)].filter((piece) => piece !== '');
  const encoded = await Promise.all(distinct.map((piece) => codec.encode(piece)));
  const idsOf = new Map(distinct.map((piece, index) => [piece, encoded[index] ?? []]));
  return pieces.flatMap((piece) => idsOf.get(piece) ?? []);
}

function withContent(messages: readonly Message[], toText: (part: Part) => string): PlainMessage[] {
  return messages.map(({ role, parts }) => ({ role, content: parts.map(toText).join('') }));
}
