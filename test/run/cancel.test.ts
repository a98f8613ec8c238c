import { describe, expect, test } from 'vitest';
import type { Piece } from '../../src/engine/engine.ts';
import { CancelledError } from '../../src/errors.ts';
import { forEver, inChunks, says, saysSlowly } from '../support/chunks.ts';
import { lost, silence } from '../support/scripted-engine.ts';
import { wordTokens } from '../support/tokens.ts';
import { start, type Start } from './start-run.ts';

const tokens = wordTokens();
const say = (text: string): Piece[] => says(tokens, text);

type Situation = { readonly name: string; readonly options: Start; readonly requests: number };

const hms = saysSlowly(tokens, ' hm'.repeat(40), 10);

const situations: Situation[] = [
  { name: 'waiting for the engine', options: { scripts: [], open: ({ signal }) => silence(signal) }, requests: 0 },
  { name: 'rendering', options: { scripts: [], render: (_, { signal }) => silence(signal) }, requests: 0 },
  { name: 'waiting for the first token', options: { scripts: [['stall']] }, requests: 1 },
  { name: 'the same, thinking off', options: { budget: 0, scripts: [['stall']] }, requests: 1 },
  { name: 'the same, thinking opened by the model', options: { state: 'none', scripts: [['stall']] }, requests: 1 },
  { name: 'thinking', options: { scripts: [hms] }, requests: 1 },
  { name: 'thinking, in a silence', options: { scripts: [[...say('one two'), 'stall']] }, requests: 1 },
  { name: 'answering', options: { scripts: [[...say('one</think>'), ...hms]] }, requests: 1 },
  { name: 'waiting after a cut', options: { budget: 2, scripts: [forEver(tokens, ' hm'), ['stall']] }, requests: 2 },
  { name: 'answering after a cut', options: { budget: 2, scripts: [forEver(tokens, ' hm'), hms] }, requests: 2 },
  { name: 'continuing a lost answer', options: { scripts: [[...say('one</think>It'), lost], ['stall']] }, requests: 2 },
  {
    name: 'asking where a token ends',
    options: {
      budget: 1,
      scripts: [inChunks(tokens, tokens.encode('a b c'), [3])],
      decode: (_, { signal }) => silence(signal),
    },
    requests: 1,
  },
];

describe.each([
  { limit: 'with a deadline', time: { maxSeconds: 60 } },
  { limit: 'without a deadline', time: {} },
])('a run that is cancelled stops at once and leaves nothing behind, $limit', ({ time }) => {
  test.each(situations)('$name', async ({ requests, options }) => {
    const run = start({ tokens, ...options, ...time });
    await run.clock.advance(100);
    expect(run.engine.requests).toHaveLength(requests);
    run.cancel();
    // upstream it is over before anybody had a turn
    expect(run.engine.requests.every(({ aborted, left }) => aborted || left)).toBe(true);
    expect(await run.error()).toBeInstanceOf(CancelledError);
  });
});

test('a run that was cancelled before it began asks for nothing', async () => {
  const run = start({ tokens, scripts: [], open: ({ signal }) => silence(signal) });
  run.cancel();
  expect(await run.error()).toMatchObject({ code: 'CANCELLED', audience: 'caller' });
  expect(run.engine.rendered).toEqual([]);
});

test('a cancel at the deadline is a cancel', async () => {
  const run = start({ tokens, maxSeconds: 30, scripts: [['stall']] });
  await run.clock.advance(19_999);
  run.cancel();
  expect(await run.error()).toBeInstanceOf(CancelledError);
});

test('an error of the engine that the cancel caused is not shown as a fault', async () => {
  const run = start({
    tokens,
    scripts: [],
    render: async (_, { signal }) => silence(signal).catch(() => Promise.reject(new Error('socket hang up'))),
  });
  await run.clock.advance(1);
  run.cancel();
  expect(await run.error()).toMatchObject({ code: 'CANCELLED', cause: new Error('socket hang up') });
});
