/** A server that takes every request, and never answers. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** It ends with the test; `heard`: how many requests came. */
export async function startSilent(): Promise<{ readonly url: string; readonly heard: () => number }> {
  let heard = 0;
  const server = createServer(() => (heard += 1));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, heard: () => heard };
}
