/** Anthropic's Messages, as Claude Code uses them. */
import { list, named, shown, type Wire } from './wire.ts';

export const anthropicMessages: Wire = {
  path: /^\/v1\/messages(\?|$)/,
  tools: (body) => list(body['tools']).map(named),
  results: (body) =>
    list(body['messages'])
      .flatMap(({ content }) => list(content))
      .filter(({ type }) => type === 'tool_result')
      .map(({ content }) => shown(content)),
  events: (turn, model) => {
    const block =
      'tool' in turn
        ? {
            begin: { type: 'tool_use', id: 'toolu_1', name: turn.tool.name, input: {} },
            delta: { type: 'input_json_delta', partial_json: JSON.stringify(turn.args) },
            reason: 'tool_use',
          }
        : { begin: { type: 'text', text: '' }, delta: { type: 'text_delta', text: turn.says }, reason: 'end_turn' };
    const message = {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: 10, output_tokens: 1 },
    };
    return [
      { type: 'message_start', message },
      { type: 'content_block_start', index: 0, content_block: block.begin },
      { type: 'content_block_delta', index: 0, delta: block.delta },
      { type: 'content_block_stop', index: 0 },
      {
        type: 'message_delta',
        delta: { stop_reason: block.reason, stop_sequence: null },
        usage: { output_tokens: 20 },
      },
      { type: 'message_stop' },
    ].map((data) => ({ event: data.type, data }));
  },
};
