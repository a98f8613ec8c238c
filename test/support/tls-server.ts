/** An HTTPS server on 127.0.0.1, with a certificate made for the test. It ends with the test. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { onTestFinished } from 'vitest';

export type TlsServer = {
  /** `https://localhost:PORT` */
  readonly url: string;
  /** a PEM file, for NODE_EXTRA_CA_CERTS */
  readonly certificateFile: string;
};

type TlsOptions = {
  /** the certificate's name; `localhost` */
  readonly name?: string;
  readonly expired?: boolean;
  readonly more?: ServerOptions;
};

const DAY_MS = 86_400_000;

export async function startTls(answer: RequestListener, options: TlsOptions = {}): Promise<TlsServer> {
  const { name = 'localhost', expired = false, more = {} } = options;
  const { private: key, cert } = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    notBeforeDate: new Date(Date.now() - 2 * DAY_MS),
    notAfterDate: new Date(Date.now() + (expired ? -DAY_MS : DAY_MS)),
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: name }] }],
  });
  const folder = mkdtempSync(join(tmpdir(), 'thinkmeter-tls-'));
  const certificateFile = join(folder, 'certificate.pem');
  writeFileSync(certificateFile, cert);
  const server = createServer({ key, cert, ...more }, answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    rmSync(folder, { recursive: true });
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  });
  return { url: `https://localhost:${(server.address() as AddressInfo).port}`, certificateFile };
}
