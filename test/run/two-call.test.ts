/** A first request with room for the thinking only: nothing depends on a request being ended early. */
import { expect, test } from 'vitest';
import type { Piece } from '../../src/engine/engine.ts';
import { finish, inChunks, says, turnEnds } from '../support/chunks.ts';
import { lost } from '../support/scripted-engine.ts';
import { wordTokens } from '../support/tokens.ts';
import { start } from './start-run.ts';

const tokens = wordTokens();
const stop = turnEnds(tokens);
const say = (text: string): Piece[] => says(tokens, text);
const answers = [...say('The answer is 42.'), stop];
/** The text as far as the request has room, and then `length`. */
const capped =
  (text: string) =>
  ({ maxTokens }: { maxTokens: number }): Piece[] =>
    inChunks(tokens, tokens.encode(text).slice(0, maxTokens), [1], finish('length'));

test('thinking that needs more: capped behind the marker, closed, answered', async () => {
  const run = start({ tokens, mechanism: 'two_call', budget: 3, scripts: [capped(' hm'.repeat(30)), answers] });
  expect(await run.outcome()).toMatchObject({
    mechanism: 'two_call',
    honored: true,
    thinkingEndedBy: 'budget',
    answer: 'The answer is 42.',
    counts: { thinking: 3, closer: 5 },
    requests: 2,
  });
  expect(run.engine.requests[0]?.maxTokens).toBe(3 + 5);
});

test('thinking that closes: the answer begins in the first request and goes on from its ids in a second', async () => {
  const whole = 'hm</think>the answer is forty two';
  const run = start({
    tokens,
    mechanism: 'two_call',
    budget: 3,
    scripts: [capped(whole), [...say(' two'), stop]],
  });
  const outcome = await run.outcome();
  expect(outcome).toMatchObject({
    thinkingEndedBy: 'model',
    answerEndedBy: 'stop',
    counts: { closer: 0 },
    requests: 2,
  });
  expect(outcome.answer).toBe('the answer is forty two');
  expect(run.engine.requests[1]?.maxTokens).toBe(50 - 4);
});

test('an answer that is over in the first request takes no second', async () => {
  const run = start({ tokens, mechanism: 'two_call', budget: 9, scripts: [[...say('hm</think>42'), stop]] });
  expect(await run.outcome()).toMatchObject({ answer: '42', requests: 1 });
});

test('a continuation of the answer that breaks off is continued once more', async () => {
  const whole = 'hm</think>the answer is forty two';
  const run = start({
    tokens,
    mechanism: 'two_call',
    budget: 3,
    scripts: [capped(whole), [...say(' two'), lost], [...say(' indeed'), stop]],
  });
  expect(await run.outcome()).toMatchObject({ answer: 'the answer is forty two indeed', requests: 3 });
});
