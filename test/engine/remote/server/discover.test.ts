/** Who serves on this machine. The ports are a test's own: nothing is assumed of those that are usual. */
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

test('where nobody is, nothing is found', async () => {
  expect(await discover([await deserted(), await deserted()])).toBeUndefined();
  expect(await discover([])).toBeUndefined();
});

test('the one that is there is found, by its model and by what usually is there', async () => {
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
])('a Nemotron goes before another model, whatever the order: $name', async ({ model }) => {
  const [other, nemotron] = [await serve(lists('llama-3.3-70b')), await serve(lists(model))];
  expect(await discover([other, nemotron])).toMatchObject({ model });
  expect(await discover([nemotron, other])).toMatchObject({ model });
});

test('a Nemotron is found behind other models of the same server', async () => {
  const second = await serve(lists('bge-m3', 'nvidia/Nemotron-Nano-12B-v2'));
  expect(await discover([await serve(lists('qwen3-8b')), second])).toMatchObject({
    model: 'nvidia/Nemotron-Nano-12B-v2',
    baseUrl: `http://127.0.0.1:${second.port}`,
  });
});

test.each(['qwen3-8b', 'nemotron-3-nano'])('among equals the order decides: %s', async (model) => {
  const [a, b] = [await serve(lists(model), 'a'), await serve(lists(model), 'b')];
  expect(await discover([a, b])).toMatchObject({ usually: 'a' });
  expect(await discover([b, a])).toMatchObject({ usually: 'b' });
});

const strangers: readonly { name: string; answer: RequestListener }[] = [
  { name: 'a web page', answer: (_, response) => void response.end('<html>welcome</html>') },
  { name: 'JSON of another kind', answer: says({ models: ['a'] }) },
  { name: 'an empty list', answer: lists() },
  { name: 'an error that is JSON', answer: says({ error: { message: 'who are you?' } }, 401) },
  { name: 'somebody who never answers', answer: () => undefined },
  { name: 'somebody who begins and hangs', answer: (_, response) => void response.writeHead(200).write('{"data":') },
  { name: 'somebody who hangs up', answer: (_, response) => void response.destroy() },
];

test.each(strangers)('what is no model server is passed over: $name', async ({ answer }) => {
  expect(await discover([await serve(answer)])).toBeUndefined();
  expect(await discover([await serve(answer), await serve(lists('a-model'))])).toMatchObject({ model: 'a-model' });
});

test('nobody is followed elsewhere', async () => {
  const elsewhere = await serve(lists('nemotron'));
  const location = `http://127.0.0.1:${elsewhere.port}/v1/models`;
  const redirects = await serve((_, response) => void response.writeHead(307, { location }).end());
  expect(await discover([redirects])).toBeUndefined();
  expect(elsewhere.heard).toHaveLength(0);
});

test('one look each, without a key or a cookie', async () => {
  const place = await serve(lists('a-model'));
  await discover([place]);
  expect(place.heard.map(({ method, url }) => ({ method, url }))).toEqual([{ method: 'GET', url: '/v1/models' }]);
  expect(Object.keys(place.heard[0]?.headers ?? {})).not.toContain('authorization');
  expect(Object.keys(place.heard[0]?.headers ?? {})).not.toContain('cookie');
});

test.each([
  ...strangers.filter(({ name }) => name !== 'somebody who hangs up'),
  { name: 'a model server', answer: lists('a-model') },
  { name: 'a redirect', answer: says({}, 302) },
  { name: 'an error', answer: says({}, 500) },
])('whoever takes a connection is there: $name', async ({ answer }) => {
  expect(await isListening(`http://127.0.0.1:${(await serve(answer)).port}`)).toBe(true);
});

// a server that speaks TLS hangs up on plain http: it is there all the same, and is not to be passed over for another
test('whoever takes a connection is there: somebody who hangs up', async () => {
  const { port } = await serve((_, response) => void response.destroy());
  expect(await isListening(`http://127.0.0.1:${port}`)).toBe(true);
});

test('where no connection is taken nobody is there', async () => {
  expect(await isListening(`http://127.0.0.1:${(await deserted()).port}`)).toBe(false);
});

test('the usual ports are told, so that an error can name them', () => {
  expect(usualPorts().split(', ').map(Number)).toEqual([8000, 30_000, 8080, 1234, 11_434, 13_305]);
});
