/** What a run tells while it goes on, and the figures of it when it is over. */
import { expect, test } from 'vitest';
import type { Piece } from '../../src/engine/engine.ts';
import { forEver, inChunks, says, saysSlowly, serverEnds, turnEnds } from '../support/chunks.ts';
import { lost } from '../support/scripted-engine.ts';
import { wordTokens } from '../support/tokens.ts';
import { start } from '../run/start-run.ts';

const tokens = wordTokens();
const stop = turnEnds(tokens);
const say = (text: string): Piece[] => says(tokens, text);

test('progress tells the phase and rising numbers, never more thinking than the budget', async () => {
  const chunks = inChunks(tokens, tokens.encode(' hm'.repeat(20)), [4]);
  const run = start({ tokens, budget: 10, scripts: [chunks, [...say('It is 42.'), stop]] });
  await run.outcome();
  expect(run.progress.map(({ phase, thinkingTokens, answerTokens }) => [phase, thinkingTokens, answerTokens])).toEqual([
    ['waiting', 0, 0],
    ['thinking', 0, 0],
    ['thinking', 4, 0],
    ['thinking', 8, 0],
    ['answering', 10, 0],
    ['answering', 10, 1],
    ['answering', 10, 2],
    ['answering', 10, 3],
    ['answering', 10, 4],
  ]);
});

test('an engine that loads its model tells what it loads', async () => {
  const run = start({
    tokens,
    scripts: [],
    open: ({ loading }) => {
      loading?.({ message: '40 %' });
      return Promise.reject(new Error('no such model'));
    },
  });
  await run.clock.advance(0);
  expect(run.progress.at(-1)).toEqual({ phase: 'loading', thinkingTokens: 0, answerTokens: 0, message: '40 %' });
});

test('times are counted from the call, speed from the tokens that came while others did', async () => {
  const thought = [{ wait: 2000 }, ...say('one'), ...saysSlowly(tokens, ' two three', 100)];
  const answer = [{ wait: 1000 }, ...say('It'), ...saysSlowly(tokens, ' is 42.', 100), stop];
  const run = start({ tokens, budget: 2, waitedMs: 5000, scripts: [thought, answer] });
  expect((await run.outcome()).timing).toEqual({
    firstTokenMs: 7000,
    firstAnswerTokenMs: 8200,
    totalMs: 8400,
    // five tokens, each but the first of its request, in 200 ms and 200 ms
    tokensPerSecond: 12.5,
    plannedThinkingTokens: 2,
    deadlineMs: undefined,
  });
});

test('every request counts: its prompt, and all that was received', async () => {
  const run = start({
    tokens,
    budget: 3,
    scripts: [forEver(tokens, ' hm'), [...say('The answer'), lost], [...say(' is 42.'), stop]],
  });
  const { counts, requests } = await run.outcome();
  expect(requests).toBe(3);
  const prompt = run.prompt.beginning.ids.length;
  const [kept, closer, begun] = [3, 5, 2];
  expect(counts).toEqual({
    prompt: prompt + (prompt + kept + closer) + (prompt + kept + closer + begun),
    received: 4 + 2 + 3,
    thinking: 3,
    marker: 0,
    closer: 5,
    answer: 4,
    endOfTurn: 1,
    dropped: 1,
  });
});

test('warnings of the question come first, then those of the plan, then how it went', async () => {
  const run = start({
    tokens,
    window: 100,
    question: { warnings: ['of the question'], thinkingBudget: { tokens: 512, given: false } },
    scripts: [
      [...say('one two'), serverEnds('abort')],
      [...say('42'), stop],
    ],
  });
  expect((await run.outcome()).warnings).toEqual([
    'of the question',
    expect.stringContaining('thinking_budget'),
    expect.stringContaining('server'),
  ]);
});
