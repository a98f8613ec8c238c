/**
 * Plays the model behind a host, on 127.0.0.1: if a request offers the tool, it calls the tool once; then it says DONE.
 * Requests without the tool, such as those for a title, get a word.
 */
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { listening } from '../support/listening.ts';
import { anthropicMessages } from './wires/anthropic-messages.ts';
import { chatCompletions } from './wires/chat-completions.ts';
import { generateContent } from './wires/generate-content.ts';
import { responses } from './wires/responses.ts';
import type { Body, OfferedTool, ServerEvent, Turn, Wire } from './wires/wire.ts';

const WIRES: readonly Wire[] = [anthropicMessages, responses, chatCompletions, generateContent];

export type ToolCall = { readonly tool: string; readonly args: Readonly<Record<string, unknown>> };

export type ScriptedModel = {
  readonly url: string;
  /** the tools of thinkmeter, under the names that the host gives them */
  readonly offered: ReadonlySet<string>;
  /** what the model gets of the call */
  result(): string | undefined;
  /** requests so far: method, path, and the model's turn */
  readonly requests: readonly string[];
};

export async function startScriptedModel({ tool, args }: ToolCall): Promise<ScriptedModel> {
  const offered = new Set<string>();
  const requests: string[] = [];
  let result: string | undefined;

  function turn(wire: Wire, body: Body): Turn {
    const ours = wire.tools(body).filter((it) => fullName(it).includes('thinkmeter'));
    for (const it of ours) offered.add(fullName(it));
    const results = wire.results(body);
    if (results.length > 0) {
      result = results.at(-1);
      return { says: 'DONE' };
    }
    const found = ours.find(({ name }) => name.endsWith(tool));
    return found === undefined ? { says: 'NO TOOL' } : { tool: found, args };
  }

  const server = await listening((request, response) => {
    const path = request.url ?? '/';
    void text(request).then((sent) => {
      const wire = WIRES.find((it) => it.path.test(path));
      if (wire === undefined) {
        requests.push(`${request.method} ${path}: 404`);
        response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":{"message":"not played"}}');
        return;
      }
      const body = JSON.parse(sent) as Body;
      const next = turn(wire, body);
      requests.push(`${request.method} ${path}: ${'says' in next ? next.says : next.tool.name}`);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(wire.events(next, String(body['model'])).map(written).join(''));
    });
  });
  onTestFinished(() => server.close());
  return { url: server.url, offered, requests, result: () => result };
}

function fullName({ namespace = '', name }: OfferedTool): string {
  return namespace + name;
}

function written({ event, data }: ServerEvent): string {
  const line = typeof data === 'string' ? data : JSON.stringify(data);
  return `${event === undefined ? '' : `event: ${event}\n`}data: ${line}\n\n`;
}
