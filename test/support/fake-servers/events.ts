/** An answer as server-sent events. */
import type { ServerResponse } from 'node:http';

export type Events = {
  json(value: unknown): void;
  /** a line that no client may take for data */
  comment(text: string): void;
  end(last?: '[DONE]'): void;
};

export function openEvents(response: ServerResponse, headers: Readonly<Record<string, string>>): Events {
  response.writeHead(200, { ...headers, 'content-type': 'text/event-stream' });
  response.flushHeaders();
  return {
    json: (value) => response.write(`data: ${JSON.stringify(value)}\n\n`),
    comment: (text) => response.write(`: ${text}\n\n`),
    end: (last) => response.end(last === undefined ? undefined : `data: ${last}\n\n`),
  };
}
