/**
 * `deepseek_r1` of vLLM 0.13, for a prompt that has opened the thinking. A whole answer is split by its text, in which a
 * special `</think>` is not shown: then all of it is thinking. A stream is split by ids, and right.
 */
import type { ReasoningParser } from './reasoning-parser.ts';
import { THINK_END } from './served.ts';

export function deepseekR1(endId: number): ReasoningParser {
  return {
    keepsSpecialTokens: false,
    whole: (text) => {
      const end = text.indexOf(THINK_END);
      if (end < 0) return { reasoning: text, content: null };
      const content = text.slice(end + THINK_END.length);
      return { reasoning: text.slice(0, end), content: content === '' ? null : content };
    },
    stream: () => {
      let ended = false;
      return ({ ids, text }) => {
        if (ended) return { content: text };
        ended = ids.includes(endId);
        if (!ended) return { reasoning: text };
        if (ids.length === 1) return {};
        // where the marker is not shown this loses a character: the original does too
        const end = text.indexOf(THINK_END);
        const content = text.slice(end + THINK_END.length);
        return { reasoning: text.slice(0, end), content: content === '' ? null : content };
      };
    },
    reasoningTokens: () => undefined,
  };
}
