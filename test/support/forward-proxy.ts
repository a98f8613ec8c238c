/** A forward proxy as companies have one: CONNECT for https, whole addresses for http. It ends with the test. */
import { createServer, request } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';

export type ForwardProxy = {
  readonly port: number;
  /** `CONNECT host:port` or `POST http://host:port/path`, with `Proxy-Authorization` */
  readonly asked: readonly { readonly line: string; readonly authorization: string | undefined }[];
};

type ProxyOptions = {
  /** for everything: 403 as a proxy that refuses a host, 407 as one that wants a password */
  readonly status?: number;
  /** where every connection goes, whatever host it names: the hosts of tests do not exist */
  readonly to?: string;
};

export async function startForwardProxy({ status, to }: ProxyOptions = {}): Promise<ForwardProxy> {
  const asked: { line: string; authorization: string | undefined }[] = [];
  const server = createServer((incoming, outgoing) => {
    asked.push({ line: `${incoming.method} ${incoming.url}`, authorization: incoming.headers['proxy-authorization'] });
    if (status !== undefined) {
      outgoing.writeHead(status).end();
      return;
    }
    const { pathname, origin } = new URL(incoming.url ?? '');
    const { 'proxy-authorization': _, ...headers } = incoming.headers;
    const upstream = request(new URL(pathname, to ?? origin), { method: incoming.method, headers, agent: false });
    upstream.on('error', () => outgoing.destroy());
    upstream.on('response', (reply) => {
      outgoing.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(outgoing);
    });
    incoming.pipe(upstream);
  });
  server.on('connect', (incoming, socket) => {
    asked.push({ line: `CONNECT ${incoming.url}`, authorization: incoming.headers['proxy-authorization'] });
    socket.on('error', () => socket.destroy());
    if (status !== undefined) {
      socket.end(`HTTP/1.1 ${status} No\r\n\r\n`);
      return;
    }
    const target = new URL(to ?? `http://${incoming.url}`);
    const upstream = connect(Number(target.port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.pipe(socket);
      socket.pipe(upstream);
    });
    upstream.on('error', () => socket.destroy());
    socket.on('close', () => upstream.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { port: (server.address() as AddressInfo).port, asked };
}
