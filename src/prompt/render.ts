/**
 * Renders a conversation as a prompt, in one of two ways.
 *
 * - Short: the model's own chat template renders the plain text. From the second prompt of a shape on, the texts are
 *   put into the skeleton of that shape, which costs no request.
 * - Long, if a text contains control strings: the skeleton's pieces and the texts are tokenized separately, each
 *   control string is broken in two, and the ids are joined. Every character arrives, and no control string acts.
 */
import type { Codec } from './codec.ts';
import { breakApart, controlStrings } from './control-text.ts';
import { endingForOff, TAIL_TOKENS, thinkingState, type Family, type ThinkingState } from './family.ts';
import { toConversation, type Conversation } from './messages.ts';
import type { Question } from './question.ts';
import { buildSkeleton, fill, textsOf, withContent, type Skeleton, type Skeletons } from './skeleton.ts';

type State = {
  readonly thinking: ThinkingState;
  /** the text of the prompt's last tokens */
  readonly tail: string;
  /** tokens after the start marker, if thinking is open */
  readonly opened: number;
  readonly warnings?: readonly string[];
};

export type Rendered = State & { readonly ids: readonly number[] };

/** A prompt as text: the server tokenizes it and returns the ids with the first chunk. */
export type RenderedText = State & { readonly text: string; readonly conversation: Conversation };

export async function render(
  question: Pick<Question, 'system' | 'user'>,
  family: Family,
  thinking: boolean,
  codec: Codec,
): Promise<Rendered> {
  const rendered = await renderIds(toConversation(question, family, thinking), family, codec);
  return thinking ? rendered : withEnding(rendered, family, codec);
}

/** The prompt with thinking closed, if thinking is off and the template left thinking open. */
async function withEnding(rendered: Rendered, family: Family, codec: Codec): Promise<Rendered> {
  const off = switchedOff(rendered.tail, family);
  if (off === undefined) return rendered;
  return { ...off.state, ids: [...rendered.ids, ...(await codec.encode(off.ending))] };
}

/**
 * If a prompt leaves thinking open although thinking is off: the text that begins the answer, and the state after it. Some
 * models have no switch that turns thinking off, and some templates ignore it (lmstudio-ai/lmstudio-bug-tracker#1933).
 */
function switchedOff(tail: string, family: Family): { readonly ending: string; readonly state: State } | undefined {
  const ending = endingForOff(tail, family);
  if (ending === undefined) return undefined;
  const isTrained = family.offEnding !== undefined && family.alwaysThinks !== true;
  return {
    ending,
    state: {
      thinking: 'closed',
      tail: ending,
      opened: 0,
      warnings: isTrained
        ? []
        : [`this model has no switch that turns thinking off (family ${family.name}): thinkmeter closed the thinking`],
    },
  };
}

/** Like `render`, but returns text if the skeleton is known; otherwise the skeleton is learnt for the next prompt. */
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
  // a template strips white space at the ends of a text, but filling a skeleton does not
  const isOrdinary = controls.length === 0 && texts.every((text) => text.trim() === text);
  const skeleton = isOrdinary ? skeletons.get(conversation) : undefined;
  if (skeleton !== undefined) {
    const text = fill(skeleton, texts);
    const end = skeleton.at(-1) ?? '';
    const off = thinking ? undefined : switchedOff(end, family);
    if (off !== undefined) return { text: text + off.ending, conversation, ...off.state };
    return { text, conversation, ...(await stateOf(end, family, codec)) };
  }
  const rendered = await renderIds(conversation, family, codec, controls);
  if (isOrdinary) void skeletons.learn(conversation, rendered.ids, codec);
  return thinking ? rendered : withEnding(rendered, family, codec);
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

/** Ids of the pieces in order. Each distinct piece is tokenized once, because hostile text may repeat one often. */
async function encodeApart(pieces: readonly string[], codec: Codec): Promise<number[]> {
  const distinct = [...new Set(pieces)].filter((piece) => piece !== '');
  const encoded = await Promise.all(distinct.map((piece) => codec.encode(piece)));
  const idsOf = new Map(distinct.map((piece, index) => [piece, encoded[index] ?? []]));
  return pieces.flatMap((piece) => idsOf.get(piece) ?? []);
}
