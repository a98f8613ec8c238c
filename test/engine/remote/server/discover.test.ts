/** Discovery of servers on this machine. The tests use their own ports, because the default ports may be in use. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { discover, isListening, usualPorts } from '../../../../src/engine/remote/server/discover.ts';
import { startFake } from '../../../support/road.ts';

type Place = { readonly port: number; readonly of: string };

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

async function serve(answer: RequestListener, of = 'somebody'): Promise<Place & { readonly heard: IncomingMessage[] }> {
  const heard: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    heard.push(request);
    answer(request, response);
  });
  onTestFinished(() => server.closeAllConnections());
  return { port: await listen(server), of, heard };
}

const says =
  (body: unknown, status = 200) =>
  (_: IncomingMessage, response: ServerResponse): void =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

const lists = (...models: readonly string[]): RequestListener => says({ data: models.map((id) => ({ id })) });

/** A port that was free a moment ago. */
async function deserted(): Promise<Place> {
  const server = createTcpServer();
  const port = await listen(server);
  server.close();
  await once(server, 'close');
  return { port, of: 'nobody' };
}

test('without a listening server nothing is found', async () => {
  expect(await discover([await deserted(), await deserted()])).toBeUndefined();
  expect(await discover([])).toBeUndefined();
});

test('a listening server is found with its model and the usual kind of server on its port', async () => {
  const { url } = await startFake();
  const port = Number(new URL(url).port);
  expect(await discover([await deserted(), { port, of: 'vLLM or NIM' }])).toEqual({
    baseUrl: url,
    model: 'thinkmeter-demo',
    usually: 'vLLM or NIM',
  });
});

test.each([
  { name: 'Nano 2', model: 'nvidia/NVIDIA-Nemotron-Nano-9B-v2' },
  { name: 'Nemotron 3', model: 'nvidia/nemotron-3-nano-30b-a3b' },
  { name: 'the demo', model: 'thinkmeter-demo-3' },
])('a Nemotron is preferred to another model in any order: $name', async ({ model }) => {
  const [other, nemotron] = [await serve(lists('llama-3.3-70b')), await serve(lists(model))];
  expect(await discover([other, nemotron])).toMatchObject({ model });
  expect(await discover([nemotron, other])).toMatchObject({ model });
});

test('a Nemotron is found after other models of the same server', async () => {
  const second = await serve(lists('bge-m3', 'nvidia/Nemotron-Nano-12B-v2'));
  expect(await discover([await serve(lists('qwen3-8b')), second])).toMatchObject({
    model: 'nvidia/Nemotron-Nano-12B-v2',
    baseUrl: `http://127.0.0.1:${second.port}`,
  });
});

test.each(['qwen3-8b', 'nemotron-3-nano'])('between equal models the order of the ports decides: %s', async (model) => {
  const [a, b] = [await serve(lists(model), 'a'), await serve(lists(model), 'b')];
  expect(await discover([a, b])).toMatchObject({ usually: 'a' });
  expect(await discover([b, a])).toMatchObject({ usually: 'b' });
});

const strangers: readonly { name: string; answer: RequestListener }[] = [
  { name: 'a web page', answer: (_, response) => void response.end('<html>welcome</html>') },
  { name: 'JSON of another kind', answer: says({ models: ['a'] }) },
  { name: 'an empty list', answer: lists() },
  { name: 'an error that is JSON', answer: says({ error: { message: 'who are you?' } }, 401) },
  { name: 'a program that never answers', answer: () => undefined },
  {
    name: 'a program that begins a response and stops',
    answer: (_, response) => void response.writeHead(200).write('{"data":'),
  },
  { name: 'a program that closes the connection', answer: (_, response) => void response.destroy() },
];

test.each(strangers)('a program that is not a model server is skipped: $name', async ({ answer }) => {
  expect(await discover([await serve(answer)])).toBeUndefined();
  expect(await discover([await serve(answer), await serve(lists('a-model'))])).toMatchObject({ model: 'a-model' });
});

test('redirects are not followed', async () => {
  const elsewhere = await serve(lists('nemotron'));
  const location = `http://127.0.0.1:${elsewhere.port}/v1/models`;
  const redirects = await serve((_, response) => void response.writeHead(307, { location }).end());
  expect(await discover([redirects])).toBeUndefined();
  expect(elsewhere.heard).toHaveLength(0);
});

test('each port is polled once, without a key or a cookie', async () => {
  const place = await serve(lists('a-model'));
  await discover([place]);
  expect(place.heard.map(({ method, url }) => ({ method, url }))).toEqual([{ method: 'GET', url: '/v1/models' }]);
  expect(Object.keys(place.heard[0]?.headers ?? {})).not.toContain('authorization');
  expect(Object.keys(place.heard[0]?.headers ?? {})).not.toContain('cookie');
});

test.each([
  ...strangers.filter(({ name }) => name !== 'a program that closes the connection'),
  { name: 'a model server', answer: lists('a-model') },
  { name: 'a redirect', answer: says({}, 302) },
  { name: 'an error', answer: says({}, 500) },
])('a program that accepts a connection is listening: $name', async ({ answer }) => {
  expect(await isListening(`http://127.0.0.1:${(await serve(answer)).port}`)).toBe(true);
});

// a TLS server closes plain http connections, and discovery must not choose another server instead
test('a program that accepts a connection is listening: one that closes the connection', async () => {
  const { port } = await serve((_, response) => void response.destroy());
  expect(await isListening(`http://127.0.0.1:${port}`)).toBe(true);
});

test('if the connection is refused no program is listening', async () => {
  expect(await isListening(`http://127.0.0.1:${(await deserted()).port}`)).toBe(false);
});

test('the default ports are listed for error messages', () => {
  expect(usualPorts().split(', ').map(Number)).toEqual([8000, 30_000, 8080, 1234, 11_434, 13_305]);
});
