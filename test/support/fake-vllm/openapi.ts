/** `GET /openapi.json`, as far as it tells servers apart: which fields a request may have. */
import { chatBody } from './chat-request.ts';
import { completionBody } from './completion-request.ts';
import { isOlder, type Served } from './served.ts';

/** What 0.13 did not have. */
const NEWER: readonly string[] = ['thinking_token_budget', 'logprob_token_ids'];

export function apiDescription(served: Served): unknown {
  const schema = (name: string, fields: readonly string[]): unknown => ({
    type: 'object',
    title: name,
    properties: Object.fromEntries(
      fields.filter((field) => !NEWER.includes(field) || !isOlder(served)).map((field) => [field, property(field)]),
    ),
  });
  return {
    openapi: '3.1.0',
    info: { title: 'FastAPI', version: '0.1.0' },
    paths: { '/v1/completions': { post: {} }, '/v1/chat/completions': { post: {} } },
    components: {
      schemas: {
        ChatCompletionRequest: schema('ChatCompletionRequest', Object.keys(chatBody.shape)),
        CompletionRequest: schema('CompletionRequest', Object.keys(completionBody.shape)),
      },
    },
  };
}

/** Each is optional, and of whatever type: nobody reads more than the names. */
function property(field: string): unknown {
  const words = field.split('_').map((word) => word.slice(0, 1).toUpperCase() + word.slice(1));
  return { anyOf: [{}, { type: 'null' }], title: words.join(' ') };
}
