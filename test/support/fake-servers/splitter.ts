/** A reasoning parser: thinking and answer as two channels, by the text of the end marker. */
import { THINK_END } from '../fake-vllm/served.ts';

export type Split = { readonly thought: string; readonly said: string };

/** `thinking`: the parser takes what comes for a thought until it has ended. */
export function createSplitter(thinking: boolean): (text: string, finished: boolean) => Split {
  let open = thinking;
  let unread = '';
  return (text, finished) => {
    if (!open) return { thought: '', said: text };
    unread += text;
    const end = unread.indexOf(THINK_END);
    if (end >= 0) {
      open = false;
      return { thought: unread.slice(0, end), said: unread.slice(end + THINK_END.length) };
    }
    const readable = finished ? unread.length : unread.length - possibleMarker(unread);
    const thought = unread.slice(0, readable);
    unread = unread.slice(readable);
    return { thought, said: '' };
  };
}

/** How much of the end of a text may be the beginning of the marker. */
function possibleMarker(text: string): number {
  for (let length = THINK_END.length - 1; length > 0; length -= 1) {
    if (text.endsWith(THINK_END.slice(0, length))) return length;
  }
  return 0;
}
