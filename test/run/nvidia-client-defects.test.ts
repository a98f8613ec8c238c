/**
 * NVIDIA's own thinking-budget client (the Nano 2 model card and the Nemotron 3 cookbooks) asks for the thought by chat,
 * pastes a closer behind it as text, and asks for the answer by completion. Its defects, one by one, are not ours.
 */
import { expect, test } from 'vitest';
import type { Piece } from '../../src/engine/engine.ts';
import { ContextOverflowError } from '../../src/errors.ts';
import { finish, forEver, inChunks, says, serverEnds, turnEnds } from '../support/chunks.ts';
import { byteTokens, demoTokens, wordTokens } from '../support/tokens.ts';
import { start } from './start-run.ts';

const tokens = wordTokens();
const stop = turnEnds(tokens);
const say = (text: string): Piece[] => says(tokens, text);
const answers = [...say('The answer is 42.'), stop];

test('1: an answer that came with the thought is not thrown away and bought again', async () => {
  const run = start({ tokens, scripts: [[...say('one two</think>\n\nThe answer is 42.'), stop]] });
  expect(await run.outcome()).toMatchObject({ answer: 'The answer is 42.', requests: 1, counts: { closer: 0 } });
});

test('2: an answer that came with the thought is not part of the reasoning', async () => {
  const text = 'one two</think>\n\nThe answer';
  const run = start({ tokens, scripts: [[...say(text), ...say(' is 42.'), stop]] });
  expect(await run.outcome()).toMatchObject({ reasoning: 'one two', answer: 'The answer is 42.', requests: 1 });
  const begun = start({ tokens, scripts: [[...say(text), serverEnds('length')]] });
  expect(await begun.outcome()).toMatchObject({ reasoning: 'one two', answer: 'The answer', requests: 1 });
});

test.each([
  { name: 'the model stopped', end: stop, says: 'unclosed' },
  { name: 'the server stopped', end: serverEnds('length'), says: 'server' },
  { name: 'it was cut', end: { ids: [0], text: ' three' }, says: 'budget' },
])('3: why a request ended is looked at: $name', async ({ end, says: endedBy }) => {
  const run = start({ tokens, budget: 2, scripts: [[...say('one two'), end], answers] });
  expect(await run.outcome()).toMatchObject({ thinkingEndedBy: endedBy, reasoning: 'one two' });
});

test.each([
  {
    name: 'at a line end, not in the middle of what follows',
    thought: 'a b c two big frames,\nfive fra',
    kept: 'frames,\n',
  },
  { name: 'as it is, where there is none near', thought: 'a b c,\nthe big big frames, five', kept: 'frames,' },
])('4: a thought is cut $name, and no full stop is put behind it', async ({ thought, kept }) => {
  const run = start({ tokens, budget: 8, scripts: [say(thought), answers] });
  const { reasoning } = await run.outcome();
  expect(reasoning.endsWith(kept)).toBe(true);
  const second = tokens.decode(run.engine.requests[1]?.ids ?? []);
  expect(second.endsWith(`${kept.trimEnd()}\n</think>\n\n`)).toBe(true);
});

test('4: nor in the middle of a character', async () => {
  const bytes = byteTokens();
  const run = start({
    tokens: bytes,
    budget: 6,
    scripts: [says(bytes, '한국어는'), [...says(bytes, '42'), turnEnds(bytes)]],
  });
  expect(await run.outcome()).toMatchObject({ reasoning: '한국', counts: { thinking: 6 } });
  const half = start({
    tokens: bytes,
    budget: 7,
    scripts: [says(bytes, '한국어는'), [...says(bytes, '42'), turnEnds(bytes)]],
  });
  expect(await half.outcome()).toMatchObject({ reasoning: '한국', counts: { thinking: 6 } });
});

test('5: letters of the marker at the ends of an answer stay', async () => {
  const run = start({ tokens, scripts: [[...say('think hint</think>\n\nthink: a hint, thin kith'), stop]] });
  expect(await run.outcome()).toMatchObject({ reasoning: 'think hint', answer: 'think: a hint, thin kith' });
});

test('6: the second request still has the start marker', async () => {
  const run = start({ tokens, budget: 2, scripts: [forEver(tokens, ' hm'), answers] });
  await run.outcome();
  const [first, second] = run.engine.requests;
  expect(second?.ids.slice(0, first?.ids.length)).toEqual(first?.ids);
  expect(tokens.decode(second?.ids ?? [])).toContain('<think>\n hm hm');
});

test('7: what the model wrote is sent back in its own tokens, and counted in them', async () => {
  const demo = demoTokens('thinkmeter-demo');
  const spelt = 'twenty-two'.split('').flatMap((letter) => demo.encode(letter));
  expect(spelt.length).toBeGreaterThan(demo.encode('twenty-two').length);
  const run = start({
    tokens: demo,
    budget: spelt.length,
    scripts: [inChunks(demo, [...spelt, ...spelt], [1]), [...says(demo, '42'), turnEnds(demo)]],
  });
  expect(await run.outcome()).toMatchObject({ reasoning: 'twenty-two', counts: { thinking: spelt.length } });
  const closer = run.engine.closer.elsewhere;
  expect(run.engine.requests[1]?.ids).toEqual([...run.prompt.beginning.ids, ...spelt, ...closer]);
  // no `<s>` in the middle
  expect(run.engine.requests[1]?.ids.slice(1)).not.toContain(1);
});

test("8: nothing of the caller's is changed, and both requests are asked for in the same way", async () => {
  const question = Object.freeze({ user: Object.freeze([Object.freeze({ from: 'theirs' as const, text: 'x' })]) });
  const run = start({ tokens, budget: 2, question, scripts: [forEver(tokens, ' hm'), answers] });
  const before = structuredClone(run.prompt);
  await run.outcome();
  expect(run.prompt).toEqual(before);
  const [first, second] = run.engine.requests;
  expect(second?.sampling).toEqual(first?.sampling);
});

test('8: a chunk without text is no crash', async () => {
  const pieces = [
    { ids: [], text: '' },
    ...say('one'),
    { ids: [], text: '' },
    ...say('</think>42'),
    { ids: [], text: '', finish: finish('stop') },
  ];
  expect(await start({ tokens, scripts: [pieces] }).outcome()).toMatchObject({ reasoning: 'one', answer: '42' });
});

test('9: where nothing would be left for the answer, the numbers are named before anything is asked for', async () => {
  const run = start({ tokens, answerTokens: 1000, window: 1000, scripts: [] });
  const error = await run.error();
  expect(error).toBeInstanceOf(ContextOverflowError);
  for (const number of [String(run.prompt.beginning.ids.length), '1000']) expect(String(error)).toContain(number);
});

test("9: nor can a thought take what is the answer's", async () => {
  const run = start({
    tokens,
    budget: 40,
    answerTokens: 4,
    window: 64,
    scripts: [forEver(tokens, ' hm'), inChunks(tokens, tokens.encode('a b c d'), [1], finish('length'))],
  });
  expect(await run.outcome()).toMatchObject({ answer: 'a b c d', counts: { thinking: 40, answer: 4 } });
});
