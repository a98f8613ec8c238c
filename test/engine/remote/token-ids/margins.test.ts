/** Margins of a stream of `/v1/completions`, as vLLM 0.32 sends them, and from servers that do not know the list. */
import { expect, onTestFinished, test } from 'vitest';
import { createRemoteEngine } from '../../../../src/engine/remote/engine.ts';
import { completionChunk, llamaChunk } from '../../../../src/engine/remote/http/wire.ts';
import { likelyMargins, ListedMargins } from '../../../../src/engine/remote/token-ids/margins.ts';
import { startFakeVllm, type FakeVllmOptions } from '../../../support/fake-vllm/server.ts';
import { readEvents, readRecordings } from '../../../support/fake-vllm/recordings.ts';
import { directoryOf } from '../../../wire/recorded-folders.ts';
import { factsOf, generate, greedily, type Read } from '../../reading.ts';

const END = 292;
const end = (value: number) => ({ [`token_id:${END}`]: value });

/** One token of a chunk: its log-probability, and what is listed. */
type Token = readonly [generated: number | null, listed: Readonly<Record<string, number>> | null];

function logprobs(...tokens: readonly Token[]) {
  return { token_logprobs: tokens.map(([generated]) => generated), top_logprobs: tokens.map(([, listed]) => listed) };
}

test('each token of a chunk has its own margin', () => {
  const margins = new ListedMargins(END);
  const chunk = logprobs([-0.5, { 'token_id:7': -0.5, ...end(-18) }], [-1, { 'token_id:8': -1, ...end(-0.75) }]);
  expect(margins.of([7, 8], chunk)).toEqual({ margins: [17.5, -0.25] });
});

test('the end marker itself, which is one entry with the generated token, has the margin 0', () => {
  expect(new ListedMargins(END).of([END], logprobs([-0.1, end(-0.1)]))).toEqual({ margins: [0] });
});

test('a server that ignores the list sends no margins, also if the end marker is among its top tokens later', () => {
  const margins = new ListedMargins(END);
  expect(margins.of([7], logprobs([-0.5, { 'token_id:7': -0.5 }]))).toEqual({});
  expect(margins.of([8], logprobs([-0.5, { 'token_id:8': -0.5, ...end(-1) }]))).toEqual({});
});

test('an end marker in the first chunk does not show that the server knows the list', () => {
  const margins = new ListedMargins(END);
  expect(margins.of([END], logprobs([-0.1, end(-0.1)]))).toEqual({ margins: [0] });
  expect(margins.of([7], logprobs([-0.5, { 'token_id:7': -0.5 }]))).toEqual({});
});

test('a token for which the server reports no value is infinitely far', () => {
  const margins = new ListedMargins(END);
  const listed = { 'token_id:7': -0.5, ...end(-3) };
  const chunk = logprobs([-0.5, listed], [-0.5, { 'token_id:8': -0.5 }], [null, null]);
  expect(margins.of([7, 8, 9], chunk)).toEqual({ margins: [2.5, Infinity, Infinity] });
});

test.each([
  { name: 'no log-probabilities', ids: [7], sent: null },
  { name: 'fewer values than ids', ids: [7, 8], sent: logprobs([-0.5, end(-18)]) },
  { name: 'no ids', ids: [], sent: logprobs() },
])('a chunk with $name has no margins', ({ ids, sent }) => {
  expect(new ListedMargins(END).of(ids, sent)).toEqual({});
});

test('log-probabilities in another format are ignored: the chat form, texts for numbers', () => {
  for (const other of [{ content: [{ token: '2', logprob: -0.5 }] }, { token_logprobs: ['-1'], top_logprobs: [] }, 5]) {
    const { choices } = completionChunk.parse({ choices: [{ text: 'four', token_ids: [7], logprobs: other }] });
    expect(new ListedMargins(END).of([7], choices?.[0]?.logprobs)).toEqual({});
  }
});

test.each(['completions-margins', 'completions-margins-interval'])(
  'in the recording %s, every id has a margin, and the smallest is where thinking closes',
  (name) => {
    const { response } = readRecordings(directoryOf('vllm-0.32.0')).find((exchange) => exchange.name === name) ?? {};
    const chunks = readEvents(String(response?.body)).flatMap((event) => completionChunk.safeParse(event).data ?? []);
    const margins = new ListedMargins(END);
    const read = chunks.flatMap(({ choices }) => {
      const { token_ids: ids, logprobs: sent } = choices?.[0] ?? {};
      return ids?.map((id, index) => ({ id, margin: margins.of(ids, sent).margins?.[index] ?? NaN })) ?? [];
    });
    const closest = Math.min(...read.map(({ margin }) => margin));
    expect(read.filter(({ margin }) => margin === closest).map(({ id }) => id)).toEqual([END]);
    expect(read.every(({ margin }) => margin >= 0 && margin < 100)).toBe(true);
  },
);

async function generation(options: FakeVllmOptions, margins: boolean): Promise<Read & { body: object; can: unknown }> {
  const fake = await startFakeVllm(options);
  const engine = createRemoteEngine({ baseUrl: fake.url });
  onTestFinished(async () => {
    await engine.close();
    await fake.close();
  });
  const { margins: can } = await factsOf(engine);
  const read = await generate(engine, '2 + 2 = ?', { ...greedily(100), margins });
  return { ...read, can, body: fake.requests.findLast(({ path }) => path === '/v1/completions')?.body ?? {} };
}

function closeAfterFour(before: string): number {
  return before.endsWith('4.') ? 0.25 : 9;
}

test('margins come from the server, for every token', async () => {
  const { pieces, text, can, body } = await generation({ margin: closeAfterFour, misbehave: { idsPerChunk: 2 } }, true);
  expect(can).toBe(true);
  expect(body).toMatchObject({ logprobs: 1, logprob_token_ids: [END], return_tokens_as_token_ids: true });
  const margins = pieces.flatMap((piece) => piece.margins ?? []);
  expect(margins).toHaveLength(pieces.flatMap(({ ids }) => ids).length);
  expect(new Set(margins.map((value) => Number(value.toFixed(6))))).toEqual(new Set([9, 0, 0.25]));
  expect(text).toContain('</think>');
});

test('nothing is requested of a server unless margins are', async () => {
  const { pieces, body } = await generation({}, false);
  expect(Object.keys(body).filter((field) => /logprob|as_token_ids/.test(field))).toEqual([]);
  expect(pieces.some((piece) => 'margins' in piece)).toBe(false);
});

test.each([{ hideDocs: false }, { hideDocs: true }])('vLLM 0.13 cannot report margins, %o', async (docs) => {
  const { pieces, can, body } = await generation({ ...docs, reasoning: 'ignored' }, true);
  expect(can).toBeUndefined();
  expect(body).not.toHaveProperty('logprobs');
  expect(pieces.some((piece) => 'margins' in piece)).toBe(false);
});

test('if vLLM 0.32 hides its documents, its version shows that it can report margins', async () => {
  expect(await generation({ hideDocs: true }, true)).toMatchObject({ can: true });
});

function likely(id: number, logprob: number, ...top: readonly (readonly [id: number, logprob: number])[]) {
  return { id, logprob, top_logprobs: top.map(([other, value]) => ({ id: other, logprob: value })) };
}

test.each([
  {
    name: 'an end marker among the most likely tokens',
    ids: [7],
    sent: likely(7, -0.5, [7, -0.5], [END, -3]),
    margins: [2.5],
  },
  {
    name: 'an end marker that is not among them',
    ids: [7],
    sent: likely(7, -0.5, [7, -0.5], [8, -9]),
    margins: [Infinity],
  },
  { name: 'the end marker itself', ids: [END], sent: likely(END, -0.5, [END, -0.5]), margins: [0] },
  { name: 'ids within a character', ids: [5, 7], sent: likely(7, -2, [END, -1]), margins: [Infinity, -1] },
  { name: 'no ids: the last chunk', ids: [], sent: likely(7, -2, [END, -1]), margins: undefined },
  { name: 'no probabilities', ids: [7], sent: undefined, margins: undefined },
])('llama.cpp, $name', ({ ids, sent, margins }) => {
  expect(likelyMargins(ids, END, sent).margins).toEqual(margins);
});

test('the probabilities of an older llama.cpp, without ids, are ignored', () => {
  const completion_probabilities = [{ content: '2', probs: [{ tok_str: '2', prob: 0.9 }] }];
  const chunk = llamaChunk.parse({ content: '2', tokens: [24], stop: false, completion_probabilities });
  expect(chunk.completion_probabilities).toBeUndefined();
});
