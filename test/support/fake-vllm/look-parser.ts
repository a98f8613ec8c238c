/** A reasoning parser for the families in `families.ts`, by the text of their markers: it shows none of them. */
import { LOOKS, stateOf, type LookName } from './families.ts';
import type { FakeModel } from './model.ts';
import type { Parts, ReasoningParser } from './reasoning-parser.ts';

export function lookParser(model: FakeModel, name: LookName): ReasoningParser {
  const look = LOOKS[name];
  const split = (text: string, isOpen: boolean): { readonly reasoning: string; readonly content: string } => {
    const begins = isOpen ? 0 : text.startsWith(look.start) ? look.start.length : -1;
    if (begins === -1) return { reasoning: '', content: text.replace(look.between, () => '') };
    const end = text.indexOf(look.end, begins);
    if (end === -1) return { reasoning: text.slice(begins), content: '' };
    const content = text.slice(end + look.end.length);
    return {
      reasoning: text.slice(begins, end),
      content: content.startsWith(look.between) ? content.slice(look.between.length) : content,
    };
  };
  /** the text may end in a part of a marker */
  const readable = (text: string, isOpen: boolean): string => {
    const waiting = [look.start, look.end, look.end + look.between].filter((marker) => marker !== '');
    const held = Math.max(
      0,
      ...waiting.flatMap((marker) =>
        Array.from({ length: marker.length - 1 }, (_, index) => index + 1).filter((length) =>
          text.endsWith(marker.slice(0, length)),
        ),
      ),
    );
    return isOpen || text.length > look.start.length ? text.slice(0, text.length - held) : '';
  };
  return {
    keepsSpecialTokens: true,
    whole: (text): Parts => split(text, false),
    stream: (promptIds) => {
      const isOpen = stateOf(model.decode(promptIds, { skipSpecialTokens: false }), look) === 'open';
      let text = '';
      let sent = { reasoning: 0, content: 0 };
      return (delta) => {
        text += delta.text;
        const { reasoning, content } = split(delta.finished ? text : readable(text, isOpen), isOpen);
        const fresh = { reasoning: reasoning.slice(sent.reasoning), content: content.slice(sent.content) };
        sent = {
          reasoning: Math.max(sent.reasoning, reasoning.length),
          content: Math.max(sent.content, content.length),
        };
        return {
          ...(fresh.reasoning !== '' && { reasoning: fresh.reasoning }),
          ...(fresh.content !== '' && { content: fresh.content }),
        };
      };
    },
    reasoningTokens: () => undefined,
  };
}
