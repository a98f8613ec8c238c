/** OpenAI's chat completions, as opencode uses them. */
import { list, named, shown, type Part, type Wire } from './wire.ts';

export const chatCompletions: Wire = {
  path: /^\/v1\/chat\/completions(\?|$)/,
  tools: (body) => list(body['tools']).map((tool) => named(tool['function'] as Part | undefined)),
  results: (body) =>
    list(body['messages'])
      .filter(({ role }) => role === 'tool')
      .map(({ content }) => shown(content)),
  events: (turn, model) => {
    const delta =
      'tool' in turn
        ? {
            role: 'assistant',
            tool_calls: [
              {
                index: 0,
                id: 'call_1',
                type: 'function',
                function: { name: turn.tool.name, arguments: JSON.stringify(turn.args) },
              },
            ],
          }
        : { role: 'assistant', content: turn.says };
    const chunk = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model };
    const reason = 'tool' in turn ? 'tool_calls' : 'stop';
    const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
    return [
      { data: { ...chunk, choices: [{ index: 0, delta, finish_reason: null }] } },
      { data: { ...chunk, choices: [{ index: 0, delta: {}, finish_reason: reason }], usage } },
      { data: '[DONE]' },
    ];
  },
};
