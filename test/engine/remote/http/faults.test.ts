/** How a stream can end that does not end well, and what is said of it. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { APIError } from 'openai';
import { expect, test } from 'vitest';
import { ConnectionLostError } from '../../../../src/engine/engine.ts';
import { createRemoteEngine } from '../../../../src/engine/remote/engine.ts';
import { toEngineError } from '../../../../src/engine/remote/http/faults.ts';
import { ThinkmeterError, toSentence } from '../../../../src/errors.ts';
import { thinks } from '../../../support/fake-vllm/scripts.ts';
import { factsOf, generate, generateFrom, greedily, read } from '../../reading.ts';
import { startFake, startRoad } from '../../../support/road.ts';

const PROMPT = [4, 296, 205];

/** The tokens that came, and what ended them. */
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
  { name: 'an event comes that is no JSON', misbehave: { garbageAfterTokens: 6 } },
  { name: 'the server reports an error', misbehave: { errorAfterTokens: 6 } },
])('a stream is lost after the tokens that came, when $name', async ({ misbehave }) => {
  const { url } = await startFake({ misbehave });
  const { ids, error } = await broken(url);
  expect(ids).toHaveLength(6);
  expect(error).toBeInstanceOf(ConnectionLostError);
  expect(error).toMatchObject({ message: `the stream from ${url} broke off`, cause: expect.any(Error) });
});

test.each([
  { name: 'an event comes that is no JSON', misbehave: { garbageAfterTokens: 0 }, code: 'ENGINE_PROTOCOL' },
  { name: 'the server reports an error', misbehave: { errorAfterTokens: 0 }, code: 'ENGINE_HTTP' },
])('between the headers and the first token it is an error that a person can read, when $name', async (row) => {
  const { ids, error } = await broken((await startFake({ misbehave: row.misbehave })).url);
  expect(ids).toEqual([]);
  expect(error).toBeInstanceOf(ThinkmeterError);
  expect(error).toMatchObject({ code: row.code });
});

// the request may have been begun, so it is not for the client to send it again
test('a connection that breaks between the headers and the first token is a lost one', async () => {
  const fake = await startFake({ misbehave: { dropAfterTokens: 0 } });
  const { ids, error } = await broken(fake.url);
  expect(ids).toEqual([]);
  expect(error).toBeInstanceOf(ConnectionLostError);
  expect(fake.requests.filter(({ path }) => path === '/v1/completions')).toHaveLength(1);
});

test('a stream that ends in order but does not say why has no finish reason, and every token', async () => {
  const fake = await startFake({ script: () => '123456789', misbehave: { truncateWithoutFinish: true } });
  const { ids, text, finish } = await read(
    generateFrom(createRemoteEngine({ baseUrl: fake.url }), PROMPT, greedily(40)),
  );
  expect({ tokens: ids.length, text, finish }).toEqual({ tokens: 9, text: '123456789', finish: undefined });
});

test.each(['repetition', 'abort'] as const)('the server\'s own reason "%s" is handed on as it is', async (reason) => {
  const { url } = await startFake({ misbehave: { finishReason: { afterTokens: 6, reason } } });
  const { ids, finish } = await read(generateFrom(createRemoteEngine({ baseUrl: url }), PROMPT, greedily(40)));
  expect(ids).toHaveLength(6);
  expect(finish).toEqual({ unified: 'other', raw: reason });
});

test.each([1, 2, 3, 7])('with %i ids a chunk every id and every character arrives', async (idsPerChunk) => {
  const { url } = await startFake({ script: thinks('가나다 🙂🙂', 'ok'), misbehave: { idsPerChunk } });
  const { ids, text, pieces } = await generate(createRemoteEngine({ baseUrl: url }), 'x', greedily(200));
  expect(text).toBe('가나다 🙂🙂\n</think>\n\nok');
  expect(pieces.slice(0, -1).every((piece) => piece.ids.length === idsPerChunk)).toBe(true);
  expect(ids.length).toBeGreaterThan(20);
});

test('where nobody answers, the error names the address that was tried and the three ways on', async () => {
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
    `No server answers at http://127.0.0.1:${port}. Start vLLM there, set THINKMETER_BASE_URL to where it is, ` +
      'or set THINKMETER_ENGINE=demo to try the demo model.',
  );
});

test.each([
  { status: 404, hint: 'THINKMETER_MODEL' },
  { status: 400, hint: 'what this server accepts' },
  { status: 500, hint: "the server's log" },
  { status: 504, hint: "the server's log" },
])('$status comes with a way on', async ({ status, hint }) => {
  const road = await startRoad((await startFake()).url, {
    detour: () => ({ status, body: { error: { message: 'x'.repeat(5000) } } }),
  });
  const error = await factsOf(createRemoteEngine({ baseUrl: road.url })).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'ENGINE_HTTP', status, hint: expect.stringContaining(hint) });
  // what the server says may be a whole page
  expect(toSentence(error as ThinkmeterError).length).toBeLessThan(500);
});

test("the server's own words are in the error when a request does not fit", async () => {
  const { url } = await startFake({ window: 64 });
  const generation = generateFrom(createRemoteEngine({ baseUrl: url }), PROMPT, greedily(100));
  await expect(read(generation)).rejects.toThrow('max_tokens=100 cannot be greater than max_model_len=64');
});

// llama.cpp lists its model while it loads it, and answers everything else with 503
test('a server that is loading is told from one that is busy', () => {
  const body = { error: { code: 503, message: 'Loading model', type: 'unavailable_error' } };
  const refused = APIError.generate(503, body, undefined, new Headers());
  const error = toEngineError(refused, { root: 'http://a', apiKey: undefined }, '/tokenize');
  expect(error).toMatchObject({ status: 503, hint: expect.stringContaining('still loading') as string });
});
