/** An HTTP server on 127.0.0.1, at a port of its own, which can be closed whatever its clients are doing. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Listening = {
  /** without a slash at its end */
  readonly url: string;
  /** once, or more often */
  close(): Promise<void>;
};

export async function listening(answer: RequestListener, port = 0): Promise<Listening> {
  const server = createServer(answer);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
