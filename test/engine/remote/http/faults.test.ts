/** Streams that fail, and the errors that report the failures. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { ConnectionLostError } from '../../../../src/engine/engine.ts';
import { createRemoteEngine } from '../../../../src/engine/remote/engine.ts';
import { ErrorAnswer, toFault } from '../../../../src/engine/remote/http/faults.ts';
import { ThinkmeterError, toSentence } from '../../../../src/errors.ts';
import { thinks } from '../../../support/fake-vllm/scripts.ts';
import { factsOf, generate, generateFrom, greedily, read } from '../../reading.ts';
import { startFake, startRoad } from '../../../support/road.ts';

const PROMPT = [4, 296, 205];

/** The tokens that arrived, and the error that ended the stream. */
async function broken(url: string): Promise<{ ids: readonly number[]; error: unknown }> {
  const ids: number[] = [];
  try {
    for await (const piece of generateFrom(createRemoteEngine({ baseUrl: url }), PROMPT, greedily(40))) {
      ids.push(...piece.ids);
    }
  } catch (error) {
    return { ids, error };
  }
  return { ids, error: undefined };
}

test.each([
  { name: 'the connection breaks', misbehave: { dropAfterTokens: 6 } },
  { name: 'an event is not JSON', misbehave: { garbageAfterTokens: 6 } },
  { name: 'the server reports an error', misbehave: { errorAfterTokens: 6 } },
])('after its first tokens a stream counts as lost when $name', async ({ misbehave }) => {
  const { url } = await startFake({ misbehave });
  const { ids, error } = await broken(url);
  expect(ids).toHaveLength(6);
  expect(error).toBeInstanceOf(ConnectionLostError);
  expect(error).toMatchObject({
    message: `the connection to ${url} was lost during the stream`,
    cause: expect.any(Error),
  });
});

test.each([
  { name: 'an event is not JSON', misbehave: { garbageAfterTokens: 0 }, code: 'ENGINE_PROTOCOL' },
  { name: 'the server reports an error', misbehave: { errorAfterTokens: 0 }, code: 'ENGINE_HTTP' },
])('between the headers and the first token the error is a ThinkmeterError when $name', async (row) => {
  const { ids, error } = await broken((await startFake({ misbehave: row.misbehave })).url);
  expect(ids).toEqual([]);
  expect(error).toBeInstanceOf(ThinkmeterError);
  expect(error).toMatchObject({ code: row.code });
});

// the server may have begun the request, so the client must not send the request again
test('a connection that breaks between the headers and the first token counts as lost', async () => {
  const fake = await startFake({ misbehave: { dropAfterTokens: 0 } });
  const { ids, error } = await broken(fake.url);
  expect(ids).toEqual([]);
  expect(error).toBeInstanceOf(ConnectionLostError);
  expect(fake.requests.filter(({ path }) => path === '/v1/completions')).toHaveLength(1);
});

test('a stream that ends without a finish reason delivers every token and no finish reason', async () => {
  const fake = await startFake({ script: () => '123456789', misbehave: { truncateWithoutFinish: true } });
  const { ids, text, finish } = await read(
    generateFrom(createRemoteEngine({ baseUrl: fake.url }), PROMPT, greedily(40)),
  );
  expect({ tokens: ids.length, text, finish }).toEqual({ tokens: 9, text: '123456789', finish: undefined });
});

test.each(['repetition', 'abort'] as const)(
  'the server\'s own finish reason "%s" is passed on unchanged',
  async (reason) => {
    const { url } = await startFake({ misbehave: { finishReason: { afterTokens: 6, reason } } });
    const { ids, finish } = await read(generateFrom(createRemoteEngine({ baseUrl: url }), PROMPT, greedily(40)));
    expect(ids).toHaveLength(6);
    expect(finish).toEqual({ unified: 'other', raw: reason });
  },
);

test.each([1, 2, 3, 7])('with %i ids per chunk every id and every character arrives', async (idsPerChunk) => {
  const { url } = await startFake({ script: thinks('가나다 🙂🙂', 'ok'), misbehave: { idsPerChunk } });
  const { ids, text, pieces } = await generate(createRemoteEngine({ baseUrl: url }), 'x', greedily(200));
  expect(text).toBe('가나다 🙂🙂\n</think>\n\nok');
  expect(pieces.slice(0, -1).every((piece) => piece.ids.length === idsPerChunk)).toBe(true);
  expect(ids.length).toBeGreaterThan(20);
});

test('if no server answers, the error contains the address and three possible fixes', async () => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  const error = await factsOf(createRemoteEngine({ baseUrl: `http://127.0.0.1:${port}/v1` })).catch(
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ThinkmeterError);
  expect(toSentence(error as ThinkmeterError)).toBe(
    `No server answers at http://127.0.0.1:${port}. Start vLLM at this address, set THINKMETER_BASE_URL to the address of your server, ` +
      'or set THINKMETER_ENGINE=demo to try the demo model.',
  );
});

test.each([
  { status: 404, hint: 'THINKMETER_MODEL' },
  { status: 400, hint: 'what this server accepts' },
  { status: 500, hint: "the server's log" },
  { status: 504, hint: "the server's log" },
])('an error with status $status has a hint', async ({ status, hint }) => {
  const road = await startRoad((await startFake()).url, {
    detour: () => ({ status, body: { error: { message: 'x'.repeat(5000) } } }),
  });
  const error = await factsOf(createRemoteEngine({ baseUrl: road.url })).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'ENGINE_HTTP', status, hint: expect.stringContaining(hint) });
  // a server's error message may be a whole page
  expect(toSentence(error as ThinkmeterError).length).toBeLessThan(500);
});

test("if a request does not fit, the error contains the server's own message", async () => {
  const { url } = await startFake({ window: 64 });
  const generation = generateFrom(createRemoteEngine({ baseUrl: url }), PROMPT, greedily(100));
  await expect(read(generation)).rejects.toThrow('max_tokens=100 cannot be greater than max_model_len=64');
});

// while llama.cpp loads its model, it lists the model and returns 503 for everything else
test('a server that is loading its model gets another hint than a busy server', () => {
  const body = { error: { code: 503, message: 'Loading model', type: 'unavailable_error' } };
  const server = { root: 'http://a', secrets: [], hasKey: false, hasAuthorization: false };
  const { error } = toFault(new ErrorAnswer(503, body, new Headers()), server, { path: '/tokenize', method: 'POST' });
  expect(error).toMatchObject({ status: 503, hint: expect.stringContaining('still loading') as string });
});
