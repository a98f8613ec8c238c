/** A turn with several think blocks has one budget for all of them. */
import { expect, test } from 'vitest';
import type { Piece } from '../../src/engine/engine.ts';
import { says, turnEnds } from '../support/chunks.ts';
import { wordTokens } from '../support/tokens.ts';
import { start } from './start-run.ts';

const tokens = wordTokens();
const stop = turnEnds(tokens);
const say = (text: string): Piece[] => says(tokens, text);
const answers = [...say('The answer is 42.'), stop];

test('blocks within the budget: their tokens together, one request', async () => {
  const run = start({
    tokens,
    budget: 9,
    scripts: [[...say('one two</think>\n<think>three four</think>\n\n<think></think>It is 42.'), stop]],
  });
  expect(await run.outcome()).toMatchObject({
    thinkingEndedBy: 'model',
    answer: 'It is 42.',
    reasoning: 'one two\nthree four\n',
    counts: { thinking: 4 },
    requests: 1,
  });
});

test('a second block begins with what the first has left, not anew', async () => {
  const thinksOn = [...say('one two three</think>\n<think>'), ...say(' four five six seven')];
  const run = start({ tokens, budget: 5, scripts: [thinksOn, answers] });
  expect(await run.outcome()).toMatchObject({
    thinkingEndedBy: 'budget',
    honored: true,
    answer: 'The answer is 42.',
    counts: { thinking: 5 },
    requests: 2,
  });
});

test('a block after a full budget is closed at once', async () => {
  const run = start({
    tokens,
    budget: 2,
    scripts: [[...say('one two</think><think>'), ...say(' hm'.repeat(9))], answers],
  });
  expect(await run.outcome()).toMatchObject({ thinkingEndedBy: 'budget', counts: { thinking: 2 }, requests: 2 });
});

test('a model that opens each block itself, from the first on', async () => {
  const run = start({
    tokens,
    state: 'none',
    budget: 9,
    scripts: [[...say('<think>a</think><think>b</think>42'), stop]],
  });
  expect(await run.outcome()).toMatchObject({ thinkingEndedBy: 'model', answer: '42', counts: { thinking: 2 } });
});

test('an answer that names the marker later on is an answer', async () => {
  const run = start({ tokens, scripts: [[...say('hm</think>The marker is <think> of course.'), stop]] });
  expect(await run.outcome()).toMatchObject({ answer: 'The marker is <think> of course.', requests: 1 });
});
