/**
 * A conversation as a prompt, by the short way or by the long one.
 *
 * Short: the model's own chat template over the plain text; from the second prompt of a kind on, text put into the
 * skeleton of such prompts, without a request. Long, for text that holds control strings: a skeleton, the text tokenized
 * apart with every control string broken in two, and the ids joined. Every character arrives, none acts.
 */
import type { Codec } from './codec.ts';
import { breakApart, controlStrings } from './control-text.ts';
import { TAIL_TOKENS, thinkingState, type Family, type ThinkingState } from './family.ts';
import { toConversation, type Conversation } from './messages.ts';
import type { Question } from './question.ts';
import { buildSkeleton, fill, textsOf, withContent, type Skeleton, type Skeletons } from './skeleton.ts';

type State = {
  readonly thinking: ThinkingState;
  /** the end of the prompt, as text */
  readonly tail: string;
  /** tokens behind the start marker, where thinking is open */
  readonly opened: number;
};

export type Rendered = State & { readonly ids: readonly number[] };

/** Not tokenized yet: the server does that, and shows the ids. */
export type RenderedText = State & { readonly text: string; readonly conversation: Conversation };

export async function render(
  question: Pick<Question, 'system' | 'user'>,
  family: Family,
  thinking: boolean,
  codec: Codec,
): Promise<Rendered> {
  return renderIds(toConversation(question, family, thinking), family, codec);
}

/** The same, as text if its skeleton is known; else the skeleton is learnt for the next one. */
export async function renderText(
  question: Pick<Question, 'system' | 'user'>,
  family: Family,
  thinking: boolean,
  codec: Codec,
  skeletons: Skeletons,
): Promise<Rendered | RenderedText> {
  const conversation = toConversation(question, family, thinking);
  const controls = await findControls(conversation, family, codec);
  const texts = textsOf(conversation);
  // templates strip white space at the ends of a text, and a skeleton does not
  const isOrdinary = controls.length === 0 && texts.every((text) => text.trim() === text);
  const skeleton = isOrdinary ? skeletons.get(conversation) : undefined;
  if (skeleton !== undefined) {
    const text = fill(skeleton, texts);
    return { text, conversation, ...(await stateOf(skeleton.at(-1) ?? '', family, codec)) };
  }
  const rendered = await renderIds(conversation, family, codec, controls);
  if (isOrdinary) void skeletons.learn(conversation, rendered.ids, codec);
  return rendered;
}

async function renderIds(
  conversation: Conversation,
  family: Family,
  codec: Codec,
  found?: readonly string[],
): Promise<Rendered> {
  const controls = found ?? (await findControls(conversation, family, codec));
  const ids =
    controls.length === 0 ? await shortWay(conversation, codec) : await longWay(conversation, controls, codec);
  const tail = await codec.decode(ids.slice(-TAIL_TOKENS));
  return { ids, ...(await stateOf(tail, family, codec)) };
}

async function stateOf(tail: string, family: Family, codec: Codec): Promise<State> {
  const state = thinkingState(tail, family);
  const begun = state === 'open' ? tail.slice(tail.lastIndexOf(family.startMarker) + family.startMarker.length) : '';
  return { thinking: state, tail, opened: begun === '' ? 0 : (await codec.encode(begun)).length };
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
  const skeleton: Skeleton = await buildSkeleton(conversation, codec);
  const texts = textsOf(conversation);
  const pieces = skeleton.flatMap((piece, index) => [piece, ...breakApart(texts[index] ?? '', controls)]);
  return encodeApart(pieces, codec);
}

/** Ids of the pieces in order; a piece that occurs often, as in hostile text, is tokenized once. */
async function encodeApart(pieces: readonly string[], codec: Codec): Promise<number[]> {
  const distinct = [...new Set(pieces)].filter((piece) => piece !== '');
  const encoded = await Promise.all(distinct.map((piece) => codec.encode(piece)));
  const idsOf = new Map(distinct.map((piece, index) => [piece, encoded[index] ?? []]));
  return pieces.flatMap((piece) => idsOf.get(piece) ?? []);
}
