/** Which `--reasoning-parser` the server runs, if any. */
import { lookParser } from './look-parser.ts';
import { deepseekR1 } from './deepseek-r1-parser.ts';
import { nemotronV3 } from './nemotron-v3-parser.ts';
import type { ReasoningParser } from './reasoning-parser.ts';
import { THINK_END, isOlder, type Served } from './served.ts';

const none: ReasoningParser = {
  keepsSpecialTokens: false,
  whole: (text) => ({ reasoning: null, content: text }),
  stream:
    () =>
    ({ text }) => ({ content: text }),
  reasoningTokens: () => undefined,
};

export function parserFor(served: Served, { enableThinking }: { readonly enableThinking: boolean }): ReasoningParser {
  if (served.reasoning === 'absent') return none;
  if (served.model.look !== undefined) return lookParser(served.model, served.model.look);
  if (!isOlder(served)) return nemotronV3(served.model, { enableThinking });
  // a server does not start with this parser where the markers are several tokens
  const end = served.model.encode(THINK_END, { specialTokens: false });
  const [endId] = end;
  return end.length === 1 && endId !== undefined ? deepseekR1(endId) : none;
}
