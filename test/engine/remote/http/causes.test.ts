/** Requests that get no answer: every cause has its own sentence, and only causes that can pass are tried again. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { createRemoteEngine, type RemoteOptions } from '../../../../src/engine/remote/engine.ts';
import { CAUSES, causeOf, type Unanswered } from '../../../../src/engine/remote/http/causes.ts';
import { EngineUnreachableError, toSentence } from '../../../../src/errors.ts';
import { startForwardProxy } from '../../../support/forward-proxy.ts';
import { startTls } from '../../../support/tls-server.ts';
import { startFake } from '../../../support/road.ts';
import { factsOf, failure } from '../../reading.ts';

/** A TCP server; counts its connections. */
async function tcp(answer: (socket: Socket) => void): Promise<{ port: number; connections: () => number }> {
  let connections = 0;
  const server: Server = createServer((socket) => {
    connections += 1;
    socket.on('error', () => undefined);
    answer(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, connections: () => connections };
}

async function sentenceOf(options: RemoteOptions): Promise<string> {
  const engine = createRemoteEngine(options);
  onTestFinished(() => engine.close());
  const error = await failure(factsOf(engine));
  expect(error).toBeInstanceOf(EngineUnreachableError);
  return toSentence(error as EngineUnreachableError);
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

// lmstudio-ai/lmstudio-bug-tracker#1402, anthropics/claude-code#2899
test('a self-signed certificate is named, with the variable that makes Node trust it', async () => {
  const { url } = await startTls((_, response) => response.end());
  expect(await sentenceOf({ baseUrl: url })).toMatch(
    /^The certificate of https:\/\/localhost:\d+ is not trusted: .*self-signed \(DEPTH_ZERO_SELF_SIGNED_CERT\)\. Set NODE_EXTRA_CA_CERTS/,
  );
});

test('https to a server without TLS is named, with the address to set', async () => {
  const fake = await startFake();
  const { host } = new URL(fake.url);
  expect(await sentenceOf({ baseUrl: `https://${host}/v1` })).toBe(
    `The server at https://${host} does not use TLS on this port. Set THINKMETER_BASE_URL to http://${host}, or to the port that uses TLS.`,
  );
});

test('http to a port with TLS that closes the connection names https', async () => {
  const { url } = await startTls((_, response) => response.end());
  const plain = url.replace('https', 'http');
  expect(await sentenceOf({ baseUrl: plain })).toContain(`set THINKMETER_BASE_URL to ${url}`);
});

// mistralai/mistral-vibe#649, modelcontextprotocol/inspector#584
test('an unknown host name is named, and looked up once', async () => {
  const startedAt = performance.now();
  expect(await sentenceOf({ baseUrl: 'http://gpu-bx.invalid:8000' })).toMatch(
    /host name gpu-bx\.invalid is not known \(ENOTFOUND\)\. Check the spelling|no name server answered for gpu-bx\.invalid/i,
  );
  expect(performance.now() - startedAt).toBeLessThan(5000);
});

test('a failed handshake is named with its code, and not repeated', async () => {
  const { port, connections } = await tcp((socket) => {
    // a fatal alert: handshake_failure
    socket.once('data', () => socket.end(Buffer.from([21, 3, 3, 0, 2, 2, 40])));
  });
  expect(await sentenceOf({ baseUrl: `https://127.0.0.1:${port}` })).toMatch(
    /^The TLS handshake with https:\/\/127\.0\.0\.1:\d+ failed \(ERR_SSL_\w+\)\. Check/,
  );
  expect(connections()).toBe(1);
});

// Intense-Visions/harness-engineering#287, NanmiCoder/cc-haha#961
test.each([6000, 6666, 10_080])('port %i is one that fetch refuses', async (port) => {
  expect(await sentenceOf({ baseUrl: `http://127.0.0.1:${port}/v1` })).toBe(
    `No server answers at http://127.0.0.1:${port}: fetch sends no request to port ${port}, which is on its list of refused ports, although curl does. ` +
      'Start vLLM on another port, such as 8000, and set THINKMETER_BASE_URL to that port, or set THINKMETER_ENGINE=demo to try the demo model.',
  );
});

test('a port of another protocol is named', async () => {
  const { port, connections } = await tcp((socket) => socket.end('220 mail.example ESMTP\r\n'));
  expect(await sentenceOf({ baseUrl: `http://127.0.0.1:${port}` })).toMatch(
    /answers, but not with HTTP\/1\.1\. Check the port/,
  );
  expect(connections()).toBe(1);
});

test('a server that closes every connection is tried again, and then named', async () => {
  const { port, connections } = await tcp((socket) => socket.once('data', () => socket.destroy()));
  expect(await sentenceOf({ baseUrl: `http://127.0.0.1:${port}/v1`, model: 'x' })).toMatch(
    /closed the connection without an answer\. Check the server's log; if the server uses TLS/,
  );
  expect(connections()).toBeGreaterThanOrEqual(4);
});

test('where nothing listens, the three ways on are shown', async () => {
  const sentence = await sentenceOf({ baseUrl: `http://127.0.0.1:${await closedPort()}` });
  expect(sentence).toMatch(
    /^No server answers at .*Start vLLM.*THINKMETER_BASE_URL.*THINKMETER_ENGINE=demo to try the demo model\.$/,
  );
});

// archestra-ai/archestra#6015, Mintplex-Labs/anything-llm#633
test('in a container, nothing on localhost is explained by the container', async () => {
  const port = await closedPort();
  expect(await sentenceOf({ baseUrl: `http://127.0.0.1:${port}`, inContainer: true })).toContain(
    `Inside this container, 127.0.0.1 is the container: for a server on its host, set THINKMETER_BASE_URL to http://host.docker.internal:${port}/v1`,
  );
});

const proxied = (port: number, value = `http://127.0.0.1:${port}`): Pick<RemoteOptions, 'proxies'> => ({
  proxies: { https: { variable: 'HTTPS_PROXY', value }, http: { variable: 'http_proxy', value } },
});

test.each([
  { scheme: 'https', variable: 'HTTPS_PROXY' },
  { scheme: 'http', variable: 'http_proxy' },
])('a proxy that cannot be reached is named, with its variable: $scheme', async ({ scheme, variable }) => {
  const port = await closedPort();
  expect(await sentenceOf({ baseUrl: `${scheme}://gpu.example/v1`, ...proxied(port) })).toBe(
    `The proxy at http://127.0.0.1:${port} (${variable}) cannot be reached: ECONNREFUSED. Check ${variable}, or add gpu.example to NO_PROXY if the server can be reached without the proxy.`,
  );
});

test('a proxy that refuses a host is named, and asked once', async () => {
  const { port, asked } = await startForwardProxy({ status: 403 });
  expect(await sentenceOf({ baseUrl: 'https://gpu.example/v1', ...proxied(port) })).toMatch(
    /^The proxy at http:\/\/127\.0\.0\.1:\d+ \(HTTPS_PROXY\) refused to connect to gpu\.example \(403\)\. Allow gpu\.example and port 443/,
  );
  expect(asked).toHaveLength(1);
});

test.each(['https', 'http'])(
  'a proxy that requires a password is named, and never its wrong password: %s',
  async (scheme) => {
    const { port } = await startForwardProxy({ status: 407 });
    const options = { baseUrl: `${scheme}://gpu.example/v1`, ...proxied(port, `http://me:hunter2@127.0.0.1:${port}`) };
    const sentence = await sentenceOf(options);
    expect(sentence).toMatch(
      /requires a user name and a password \(407\)\. Set \w+ to http:\/\/USER:PASSWORD@HOST:PORT/,
    );
    expect(sentence).not.toContain('hunter2');
  },
);

const given = (codes: readonly string[], more: Partial<Unanswered> = {}): Unanswered => ({
  server: new URL('http://192.168.1.5:8000'),
  root: 'http://192.168.1.5:8000',
  proxy: undefined,
  inContainer: false,
  codes,
  text: '',
  ...more,
});

/** What the network of a test machine cannot show, and the rows whose certificates only a new process trusts. */
const ROWS: { name: string; failed: Unanswered; says: RegExp }[] = [
  {
    // nodejs/undici#4069, nicobailon/pi-mcp-adapter#543, anomalyco/opencode#38854
    name: 'no route',
    failed: given(['EHOSTUNREACH']),
    says: /no route to 192\.168\.1\.5:8000 \(EHOSTUNREACH\).*on macOS, allow the MCP client.*Local Network/,
  },
  {
    name: 'no route',
    failed: given(['ENETUNREACH'], { server: new URL('http://gpu.example') }),
    says: /no route to gpu\.example \(ENETUNREACH\)(?!.*macOS)/,
  },
  {
    name: 'the connection timed out',
    failed: given(['UND_ERR_CONNECT_TIMEOUT']),
    says: /neither accepted nor refused.*firewall/,
  },
  // NVIDIA/NemoClaw#704
  { name: 'no name server', failed: given(['EAI_AGAIN']), says: /no name server answered.*HTTPS_PROXY/ },
  {
    // docker/genai-stack#39
    name: 'host.docker.internal is unknown',
    failed: given(['ENOTFOUND'], { server: new URL('http://host.docker.internal:8000') }),
    says: /host\.docker\.internal is not known.*--add-host=host\.docker\.internal:host-gateway/,
  },
  { name: 'an expired certificate', failed: given(['CERT_HAS_EXPIRED']), says: /has expired.*clock/ },
  { name: 'an expired certificate', failed: given(['CERT_NOT_YET_VALID']), says: /is not valid yet.*clock/ },
  {
    name: 'a certificate that is not trusted',
    failed: given(['UNABLE_TO_VERIFY_LEAF_SIGNATURE']),
    says: /its authority is unknown to Node \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\).*NODE_EXTRA_CA_CERTS/,
  },
  {
    name: 'a certificate for another name',
    failed: given(['ERR_TLS_CERT_ALTNAME_INVALID'], { certificateNames: 'a.example, b.example' }),
    says: /is not for 192\.168\.1\.5; it is for a\.example, b\.example/,
  },
  {
    name: 'a client certificate is required',
    failed: given(['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'], { text: 'tlsv13 alert certificate required' }),
    says: /requires a client certificate/,
  },
  { name: 'another cause', failed: given([], { text: 'odd' }), says: /failed: odd/ },
];

test.each(ROWS)('$failed.codes is $name', ({ name, failed, says }) => {
  const cause = causeOf(failed);
  expect(cause.name).toBe(name);
  expect(`${cause.what(failed)}; ${cause.fix(failed)}`).toMatch(says);
  expect(cause.again).toBeUndefined();
});

test('only a refused or closed connection is tried again', () => {
  expect(CAUSES.filter(({ again }) => again === true).map(({ name }) => name)).toEqual([
    'nothing listens on the loopback of this container',
    'nothing listens',
    'the connection was closed',
  ]);
});
