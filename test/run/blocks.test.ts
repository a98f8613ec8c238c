/** A turn with several think blocks has one budget for all of them. */
import { expect, test } from 'vitest';
import type { Piece } from '../../src/engine/engine.ts';
import { familyByName } from '../../src/prompt/families.ts';
import type { Family } from '../../src/prompt/family.ts';
import { says, turnEnds } from '../support/chunks.ts';
import { lost } from '../support/scripted-engine.ts';
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

// OpenCoworkAI/open-cowork#285, posit-dev/shinychat#235: "which tag begins the thinking? The tag only"
test.each(['<think>', '<think>\n'])('an answer that is a start marker, %j, is an answer', async (marker) => {
  const run = start({ tokens, scripts: [[...say(`one two</think>\n${marker}`), stop]] });
  expect(await run.outcome()).toMatchObject({
    thinkingEndedBy: 'model',
    answer: '<think>',
    counts: { thinking: 2 },
    requests: 1,
  });
});

test('with thinking off, a start marker alone is the answer, although the prompt is hidden', async () => {
  const run = start({ tokens, budget: 0, state: 'none', scripts: [[...say('<think>'), stop]] });
  expect(await run.outcome()).toMatchObject({ thinkingEndedBy: 'off', answer: '<think>', requests: 1 });
});

const harmony = familyByName('openai/gpt-oss-20b') as Family;
const message = (channel: string, text: string): string => `<|start|>assistant<|channel|>${channel}<|message|>${text}`;

// openai/harmony, docs/format.md: a turn may hold several messages; odysseus-dev/odysseus#4522: commentary is no answer
test('several messages of a turn: all but the final one are thinking, their headers are overhead', async () => {
  const said = [
    '<|channel|>analysis<|message|>one two<|end|>',
    message('commentary', 'three<|end|>'),
    message('analysis', 'four<|end|>'),
    message('final', 'It is 42.'),
  ].join('');
  const run = start({ tokens, family: harmony, state: 'none', budget: 9, scripts: [[...say(said), stop]] });
  const outcome = await run.outcome();
  expect(outcome).toMatchObject({
    thinkingEndedBy: 'model',
    honored: true,
    answer: 'It is 42.',
    reasoning: 'one two\nthree\nfour',
    counts: { thinking: 4, answer: 3 },
    requests: 1,
  });
});

test('a final message without analysis is the answer, and its header is not', async () => {
  const said = '<|channel|>final<|message|>It is 42.';
  const run = start({ tokens, family: harmony, state: 'none', budget: 9, scripts: [[...say(said), stop]] });
  expect(await run.outcome()).toMatchObject({
    thinkingEndedBy: 'none',
    answer: 'It is 42.',
    counts: { thinking: 0, answer: 3 },
  });
});

test('a second message of thinking begins with what the first has left', async () => {
  const said = `<|channel|>analysis<|message|>one two three<|end|>${message('analysis', 'four five six seven')}`;
  const run = start({ tokens, family: harmony, state: 'none', budget: 5, scripts: [say(said), answers] });
  expect(await run.outcome()).toMatchObject({
    thinkingEndedBy: 'budget',
    honored: true,
    answer: 'The answer is 42.',
    counts: { thinking: 5 },
  });
  expect(tokens.decode(run.engine.requests[1]?.ids ?? [])).toMatch(
    /<\|end\|><\|start\|>assistant<\|channel\|>final<\|message\|>$/,
  );
});

test('a message behind the final one is not part of the answer', async () => {
  const said = `<|channel|>final<|message|>It is 42.<|end|>${message('analysis', 'more')}`;
  const run = start({ tokens, family: harmony, state: 'none', budget: 9, scripts: [[...say(said), stop]] });
  expect(await run.outcome()).toMatchObject({ answer: 'It is 42.' });
});

test('the stream ends within the header of the final message: the second request goes on from there', async () => {
  const first = say('<|channel|>analysis<|message|>one two<|end|><|start|>assistant');
  const rest = [...say('<|channel|>final<|message|>It is 42.'), stop];
  const run = start({ tokens, family: harmony, state: 'none', budget: 9, scripts: [[...first, lost], rest] });
  expect(await run.outcome()).toMatchObject({ answer: 'It is 42.', counts: { thinking: 2 }, requests: 2 });
});
