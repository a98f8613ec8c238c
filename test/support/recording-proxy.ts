/**
 * A proxy that hands everything on as it comes and keeps what was asked: what really reached a real server. It may hide
 * paths, as gateways do.
 */
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { listening, type Listening } from './listening.ts';

export type Asked = { readonly path: string; readonly body: Readonly<Record<string, unknown>> };

export type RecordingProxy = Listening & { readonly requests: readonly Asked[] };

export async function startRecordingProxy(target: string, hidden: readonly string[] = []): Promise<RecordingProxy> {
  const requests: Asked[] = [];
  const server = await listening((incoming, outgoing) => {
    void (async () => {
      const body = await buffer(incoming);
      requests.push({
        path: incoming.url ?? '',
        body: body.length === 0 ? {} : (JSON.parse(body.toString()) as Asked['body']),
      });
      if (hidden.includes(incoming.url ?? '')) {
        outgoing.writeHead(404, { 'content-type': 'application/json' }).end('{"detail":"Not Found"}');
        return;
      }
      const upstream = request(new URL(incoming.url ?? '/', target), {
        method: incoming.method,
        headers: incoming.headers,
        agent: false,
      });
      upstream.on('error', () => outgoing.destroy());
      // a client that leaves ends the request upstream as well
      outgoing.on('close', () => upstream.destroy());
      upstream.end(body);
      const [answer] = (await once(upstream, 'response')) as [IncomingMessage];
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    })().catch(() => outgoing.destroy());
  });
  return { ...server, requests };
}
