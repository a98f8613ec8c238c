/**
 * The road between the engine and a fake vLLM: hands everything on as it comes, except where a detour answers, and
 * counts the connections that are made to it. For what a proxy, or another kind of server, does.
 */
import { once } from 'node:events';
import { createServer, request, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { startFakeVllm, type FakeVllm, type FakeVllmOptions } from './fake-vllm/server.ts';

export type Passing = {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
  /** of the body */
  readonly bytes: number;
};

/** `body` as JSON, unless it is text. */
export type Answer = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
};

/** `silence`: the request is taken, and never answered. */
export type Detour = (passing: Passing) => Answer | 'silence' | undefined;

export type Road = { readonly url: string; readonly passed: readonly Passing[]; readonly connections: number };

type RoadOptions = {
  readonly detour?: Detour;
  /** what the road adds to every answer */
  readonly headers?: () => Readonly<Record<string, string>>;
  /** the connection of every stream breaks after so many events */
  readonly breakAfter?: number;
  /** a path of the road's own, which the target does not know: `/gpu` */
  readonly below?: string;
  /** the target's path for a path behind `below`; the same */
  readonly to?: (path: string) => string;
};

/** It ends with the test. */
export async function startRoad(
  target: string,
  { detour, headers: added, breakAfter, below = '', to = (path) => path }: RoadOptions = {},
): Promise<Road> {
  const passed: Passing[] = [];
  let connections = 0;
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const path = incoming.url ?? '/';
      const body = await buffer(incoming);
      const passing = {
        path,
        headers: incoming.headers,
        body: body.length === 0 ? {} : parse(body),
        bytes: body.length,
      };
      passed.push(passing);
      const answer = detour?.(passing);
      if (answer === 'silence') return;
      if (answer !== undefined) {
        const text = typeof answer.body === 'string';
        const headers = { 'content-type': text ? 'text/html' : 'application/json', ...answer.headers };
        outgoing.writeHead(answer.status, headers).end(text ? answer.body : JSON.stringify(answer.body));
        return;
      }
      const { method, headers } = incoming;
      const upstream = request(new URL(to(path.slice(below.length)), target), { method, headers, agent: false });
      upstream.on('error', () => outgoing.destroy());
      outgoing.on('close', () => upstream.destroy());
      upstream.end(body);
      const [reply] = (await once(upstream, 'response')) as [IncomingMessage];
      outgoing.writeHead(reply.statusCode ?? 502, { ...reply.headers, ...added?.(), connection: 'keep-alive' });
      const isStream = reply.headers['content-type']?.startsWith('text/event-stream') === true;
      if (breakAfter === undefined || !isStream) reply.pipe(outgoing);
      else await firstEvents(reply, outgoing, breakAfter);
    })().catch(() => outgoing.destroy());
  });
  server.on('connection', () => (connections += 1));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${below}`,
    passed,
    get connections() {
      return connections;
    },
  };
}

/** Hands on whole events, and breaks the connection after the last of them. */
async function firstEvents(reply: IncomingMessage, outgoing: ServerResponse, most: number): Promise<void> {
  let [left, rest] = [most, ''];
  for await (const chunk of reply.setEncoding('utf8')) {
    const events = (rest + chunk).split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      outgoing.write(`${event}\n\n`);
      left -= 1;
      if (left > 0) continue;
      // what was written leaves before the connection breaks
      outgoing.write('', () => outgoing.destroy());
      return;
    }
  }
  outgoing.end(rest);
}

/** It ends with the test. */
export async function startFake(options: FakeVllmOptions = {}): Promise<FakeVllm> {
  const fake = await startFakeVllm(options);
  onTestFinished(() => fake.close());
  return fake;
}

function parse(body: Buffer): Passing['body'] {
  return JSON.parse(body.toString()) as Passing['body'];
}
