/** OpenAI's Responses, as Codex uses them. */
import { list, named, shown, type Wire } from './wire.ts';

export const responses: Wire = {
  path: /^\/v1\/responses(\?|$)/,
  tools: (body) =>
    list(body['tools']).flatMap((tool) =>
      tool['type'] === 'namespace'
        ? list(tool['tools']).map((inner) => ({ ...named(inner), namespace: String(tool['name']) }))
        : [named(tool)],
    ),
  results: (body) =>
    list(body['input'])
      .filter(({ type }) => type === 'function_call_output')
      .map(({ output }) => shown(output)),
  events: (turn) => {
    const item =
      'tool' in turn
        ? {
            type: 'function_call',
            id: 'fc_1',
            call_id: 'call_1',
            ...turn.tool,
            arguments: JSON.stringify(turn.args),
            status: 'completed',
          }
        : {
            type: 'message',
            id: 'msg_1',
            role: 'assistant',
            status: 'completed',
            content: [{ type: 'output_text', text: turn.says, annotations: [] }],
          };
    const response = {
      id: 'resp_1',
      object: 'response',
      status: 'completed',
      output: [item],
      usage: {
        input_tokens: 10,
        input_tokens_details: { cached_tokens: 0 },
        output_tokens: 5,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: 15,
      },
    };
    return [
      { type: 'response.created', response: { ...response, status: 'in_progress', output: [] } },
      { type: 'response.output_item.added', output_index: 0, item },
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response },
    ].map((data) => ({ event: data.type, data }));
  },
};
