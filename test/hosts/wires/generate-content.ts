/** Google's `streamGenerateContent?alt=sse`, as Gemini CLI uses it. */
import { list, named, type Part, type Wire } from './wire.ts';

export const generateContent: Wire = {
  path: /^\/v1(beta)?\/models\/[^/]+:streamGenerateContent(\?|$)/,
  tools: (body) => list(body['tools']).flatMap((tool) => list(tool['functionDeclarations']).map(named)),
  results: (body) =>
    list(body['contents'])
      .flatMap(({ parts }) => list(parts))
      .filter((part) => 'functionResponse' in part)
      .map(({ functionResponse }) => JSON.stringify((functionResponse as Part)['response'])),
  events: (turn) => {
    const part = 'tool' in turn ? { functionCall: { name: turn.tool.name, args: turn.args } } : { text: turn.says };
    const candidate = { index: 0, content: { role: 'model', parts: [part] }, finishReason: 'STOP' };
    const usageMetadata = { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 };
    return [{ data: { candidates: [candidate], usageMetadata } }];
  },
};
