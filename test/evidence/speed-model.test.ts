/** What a server's recent runs say of its speed. */
import { expect, test } from 'vitest';
import type { Pace } from '../../src/budget/deadline.ts';
import type { Question } from '../../src/prompt/question.ts';
import { SpeedModel, type TimedRequest } from '../../src/evidence/speed-model.ts';

/** A request whose first token took `waitMs`; its other 10 tokens took `msPerToken` each. */
function request(waitMs: number, msPerToken = 10): TimedRequest {
  const firstTokenAt = 1000 + waitMs;
  const reading = { firstTokenAt, lastTokenAt: firstTokenAt + 10 * msPerToken, firstTokens: 1, trail: { tokens: 11 } };
  return { askedAt: 1000, reading };
}

function modelOf(answers: readonly number[], requests: readonly TimedRequest[] = [], now = 0): SpeedModel {
  const model = new SpeedModel();
  for (const answerTokens of answers) model.add({ question: from('reason', 100), requests, answerTokens }, now);
  return model;
}

/** A question of `promptTokens`. */
const from = (tool: string, promptTokens: number): Pick<Question, 'tool' | 'system' | 'user'> => ({
  tool,
  system: [],
  user: [{ from: 'ours', text: 'abc '.repeat(promptTokens) }],
});

const NOTHING: Pace = {
  leastFirstTokenMs: undefined,
  firstTokenMs: undefined,
  longestFirstTokenMs: undefined,
  longestContinuationMs: undefined,
  msPerToken: undefined,
  usualAnswer: undefined,
};

test('of a server that is not known nothing is expected', () => {
  expect(new SpeedModel().pace(from('reason', 100), 0)).toEqual(NOTHING);
});

test.each([
  { name: 'too few', lengths: [10, 20], usual: undefined },
  { name: 'three', lengths: [10, 20, 30], usual: 30 },
  { name: 'nine of ten are not longer', lengths: [9, 9, 9, 9, 9, 9, 9, 9, 9, 500], usual: 9 },
  {
    name: 'only recent ones count',
    lengths: [...Array.from({ length: 64 }, () => 900), ...Array.from({ length: 64 }, () => 5)],
    usual: 5,
  },
])('how long an answer usually is: $name', ({ lengths, usual }) => {
  expect(modelOf(lengths).pace(from('reason', 100), 0).usualAnswer).toBe(usual);
});

test('each tool has its own length of answers', () => {
  const model = modelOf([10, 20, 30]);
  expect(model.pace(from('answer_fast', 100), 0).usualAnswer).toBeUndefined();
});

test('the first request and those that continue it have their own waits', () => {
  const model = modelOf([1, 1, 1], [request(2000, 10), request(50, 10), request(70, 10)]);
  expect(model.pace(from('reason', 100), 0)).toEqual({
    leastFirstTokenMs: 2000,
    firstTokenMs: 2000,
    // a quarter more than nearly all; a sixth more than the greatest of six
    longestFirstTokenMs: 2500,
    longestContinuationMs: 70 * (1 + 1 / 6),
    msPerToken: 10,
    usualAnswer: 1,
  });
});

test('waits are those of prompts of a similar length', () => {
  const model = new SpeedModel();
  for (let run = 0; run < 3; run += 1)
    model.add({ question: from('reason', 20_000), requests: [request(2000)], answerTokens: 1 }, 0);
  expect(model.pace(from('reason', 30_000), 0).firstTokenMs).toBe(2000);
  expect(model.pace(from('reason', 100), 0).firstTokenMs).toBeUndefined();
});

test('first tokens and speed are the usual ones; nearly all other waits are no longer', () => {
  const model = new SpeedModel();
  for (let run = 1; run <= 20; run += 1) {
    const requests = [request(run * 100, run), request(run * 10, run)];
    model.add({ question: from('reason', 100), requests, answerTokens: undefined }, 0);
  }
  expect(model.pace(from('reason', 100), 0)).toEqual({
    leastFirstTokenMs: 100,
    firstTokenMs: 1000,
    longestFirstTokenMs: 2100,
    longestContinuationMs: 210,
    msPerToken: 10,
    usualAnswer: undefined,
  });
});

test.each([
  { name: 'one slow start', waits: [8000, 100, 100, 100], most: 400 },
  { name: 'of a server that was seen once', waits: [1000], most: 1250 },
  { name: 'after a model was loaded', waits: [20_000, 200], most: 800 },
  { name: 'two in a hundred', waits: [...Array.from({ length: 38 }, () => 100), 900, 900], most: 125 },
  { name: 'a server whose waits vary', waits: [2900, 100, 1500, 800, 2200], most: 2900 * 1.2 },
])('hardly a wait is longer: $name', ({ waits, most }) => {
  const model = new SpeedModel();
  for (const ms of waits)
    model.add({ question: from('reason', 100), requests: [request(ms)], answerTokens: undefined }, 0);
  expect(model.pace(from('reason', 100), 0).longestFirstTokenMs).toBeCloseTo(most);
});

test('times expire, lengths of answers do not', () => {
  const model = modelOf([1, 2, 3], [request(2000)]);
  expect(model.pace(from('reason', 100), 119_999).firstTokenMs).toBe(2000);
  expect(model.pace(from('reason', 100), 120_000)).toEqual({ ...NOTHING, usualAnswer: 3 });
});

test.each([
  { name: 'first tokens wait as long as then', first: 900, longest: 750 },
  { name: 'first tokens come soon by now', first: 100, longest: 125 },
])(
  'while nothing is continued, earlier waits are believed as far as first tokens wait: $name',
  ({ first, longest }) => {
    const model = modelOf([1, 1, 1], [request(900), request(600)]);
    const later = 200_000;
    for (let run = 0; run < 3; run += 1)
      model.add({ question: from('reason', 100), requests: [request(first)], answerTokens: 1 }, later);
    expect(model.pace(from('reason', 100), later).longestContinuationMs).toBeCloseTo(longest);
  },
);

test('a token that did not come in time would have come later; an answer that was cut has no length', () => {
  const silent = { ...request(1), reading: { ...request(1).reading, firstTokenAt: undefined } };
  const model = new SpeedModel();
  for (let run = 0; run < 3; run += 1)
    model.add({ question: from('reason', 100), requests: [silent], answerTokens: undefined }, 9000);
  expect(model.pace(from('reason', 100), 9000)).toMatchObject({
    firstTokenMs: 8000,
    msPerToken: undefined,
    usualAnswer: undefined,
  });
});

test('for operators: the speed, and the waits of every length of prompt', () => {
  const model = new SpeedModel();
  expect(model.speeds(0)).toEqual({});
  for (const promptTokens of [10, 1000, 100_000]) {
    const requests = [request(promptTokens, 20), request(50, 20)];
    model.add({ question: from('reason', promptTokens), requests, answerTokens: 5 }, 0);
  }
  expect(model.speeds(0)).toEqual({ tokensPerSecond: 50, firstTokenMs: 1000, continuationMs: 50 });
  expect(model.speeds(120_000)).toEqual({});
});

test('another process goes on from what was seen: times age on, lengths of answers stay', () => {
  const before = modelOf([10, 20, 30], [request(2000, 10), request(50, 10)], 500_000);
  const data = JSON.parse(JSON.stringify(before.toData(510_000))) as ReturnType<SpeedModel['toData']>;
  const later = new SpeedModel();
  later.recall(data, 20_000, 1000);
  // 10 s old when it was written, 20 s ago
  expect(later.pace(from('reason', 100), 1000)).toEqual(before.pace(from('reason', 100), 510_000));
  expect(later.pace(from('reason', 100), 1000 + 89_000).firstTokenMs).toBe(2000);
  expect(later.pace(from('reason', 100), 1000 + 90_000)).toEqual({ ...NOTHING, usualAnswer: 30 });
});
