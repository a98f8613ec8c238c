/**
 * `nemotron_v3` of vLLM 0.32, as recorded and as its source has it. It believes `chat_template_kwargs`, not the prompt:
 * after a `/no_think` in the text it takes the whole answer for thinking. Tool calls are left out.
 */
import type { FakeModel } from './model.ts';
import type { PartsDelta, ReasoningParser, TextDelta } from './reasoning-parser.ts';
import { THINK_END, THINK_START } from './served.ts';

export function nemotronV3(
  model: FakeModel,
  { enableThinking }: { readonly enableThinking: boolean },
): ReasoningParser {
  return {
    keepsSpecialTokens: true,
    whole: (text) => {
      if (!enableThinking) return { reasoning: null, content: text };
      const { thought, answer } = splitAtEnd(text);
      const content = answer.replaceAll(THINK_END, '');
      return { reasoning: orNull(thought.trimEnd()), content: orNull(content) };
    },
    stream: (promptIds) =>
      enableThinking && !endedIn(model, promptIds) ? createSplitter() : ({ text }: TextDelta) => ({ content: text }),
    reasoningTokens: (ids) => (enableThinking ? countBeforeEnd(model, ids) : 0),
  };
}

function splitAtEnd(text: string): { readonly thought: string; readonly answer: string } {
  const end = text.indexOf(THINK_END);
  const thought = end < 0 ? text : text.slice(0, end);
  return { thought: thought.replaceAll(THINK_START, ''), answer: end < 0 ? '' : text.slice(end + THINK_END.length) };
}

function orNull(text: string): string | null {
  return text === '' ? null : text;
}

/** Two things are held back: what may become a marker, and white space until it is known to be inside the thought. */
function createSplitter(): (delta: TextDelta) => PartsDelta {
  let unread = '';
  let space = '';
  let ended = false;
  return ({ text, finished }) => {
    if (ended) return { content: text };
    unread += text;
    ended = unread.includes(THINK_END);
    const readable = ended ? unread.length : unread.length - heldBack(unread);
    const { thought, answer } = splitAtEnd(unread.slice(0, readable));
    unread = unread.slice(readable);
    const whole = space + thought;
    const shown = whole.trimEnd();
    space = whole.slice(shown.length);
    const reasoning = finished ? shown + unread : shown;
    return { ...(reasoning !== '' && { reasoning }), ...(answer !== '' && { content: answer }) };
  };
}

/** How much of the end of a text may be the beginning of a marker. */
function heldBack(text: string): number {
  const lengths = [THINK_START, THINK_END].flatMap((marker) =>
    Array.from({ length: marker.length - 1 }, (_, index) => marker.slice(0, index + 1))
      .filter((beginning) => text.endsWith(beginning))
      .map((beginning) => beginning.length),
  );
  return Math.max(0, ...lengths);
}

const turnBoundaries = ['<|im_start|>', '<|im_end|>'];

/** In the last turn, and only by ids: where the markers are several tokens it never knows. */
function endedIn(model: FakeModel, promptIds: readonly number[]): boolean {
  const lastOf = (marker: string): number => {
    const [id, ...more] = model.encode(marker, { specialTokens: false });
    return id === undefined || more.length > 0 ? -1 : promptIds.lastIndexOf(id);
  };
  return lastOf(THINK_END) > Math.max(lastOf(THINK_START), ...turnBoundaries.map(lastOf));
}

/** The tokens whose text begins before the marker; special tokens are none. */
function countBeforeEnd(model: FakeModel, ids: readonly number[]): number {
  const bytes = model.bytes(ids);
  const marker = Buffer.concat(bytes).indexOf(THINK_END);
  let count = 0;
  let at = 0;
  for (const [index, token] of bytes.entries()) {
    if (marker >= 0 && at >= marker) break;
    if (model.decode(ids.slice(index, index + 1), { skipSpecialTokens: true }) !== '') count += 1;
    at += token.length;
  }
  return count;
}
