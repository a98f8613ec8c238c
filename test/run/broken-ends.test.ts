/** How thinking ends where server or connection fail, and answers that are none. */
import { describe, expect, test } from 'vitest';
import type { Piece } from '../../src/engine/engine.ts';
import { EngineHttpError, EngineProtocolError, NoAnswerError } from '../../src/errors.ts';
import { finish, forEver, inChunks, says, serverEnds, turnEnds } from '../support/chunks.ts';
import { lost, type Step } from '../support/scripted-engine.ts';
import { wordTokens } from '../support/tokens.ts';
import { start } from './start-run.ts';

const tokens = wordTokens();
const stop = turnEnds(tokens);
const say = (text: string): Piece[] => says(tokens, text);

/** After a cut. */
const answers = [...say('The answer is 42.'), stop];

describe('the server ends it before the budget does', () => {
  test.each([
    { name: 'its own limit', raw: 'length' },
    { name: 'repetition', raw: 'repetition' },
    { name: 'an abort', raw: 'abort' },
  ])('$name: thinking is closed and the answer asked for, with a warning', async ({ raw }) => {
    const run = start({ tokens, scripts: [[...say('one two three'), serverEnds(raw)], answers] });
    expect(await run.outcome()).toMatchObject({
      thinkingEndedBy: 'server',
      reasoning: 'one two three',
      answer: 'The answer is 42.',
      counts: { thinking: 3, endOfTurn: 1, dropped: 0 },
      requests: 2,
      warnings: [expect.stringContaining('server')],
    });
  });

  test('twice before the first word of the answer: an error that keeps the reasoning', async () => {
    const run = start({
      tokens,
      scripts: [[...say('one two</think>\n\n'), serverEnds('abort')], [serverEnds('abort')]],
    });
    const error = await run.error();
    expect(error).toBeInstanceOf(NoAnswerError);
    expect(error).toMatchObject({
      partial: { runId: 'a-run', thinkingTokens: 2, reasoning: expect.stringMatching(/^one two\s*$/) as string },
    });
  });

  test('within the answer: what came is the answer, and it says so', async () => {
    const run = start({ tokens, scripts: [[...say('one</think>It is'), serverEnds('length')]] });
    expect(await run.outcome()).toMatchObject({
      thinkingEndedBy: 'model',
      answer: 'It is',
      answerEndedBy: 'length',
      requests: 1,
      warnings: [expect.stringContaining('server')],
    });
  });
});

const lostAgain = (times: number): Step[][] => Array.from({ length: times }, () => [lost]);

const BROKE_ONCE = 'the connection to the server broke once, and the run continued from the tokens received';

describe('the connection is lost', () => {
  test.each([
    { name: 'it breaks', steps: [lost] },
    { name: 'it ends without a finish reason', steps: [] },
    { name: 'the server restarts', steps: [lost], after: [[new EngineHttpError('the server answered 503', 503)]] },
  ])('while thinking, $name: the model thinks on from the ids received', async ({ steps, after = [] }) => {
    const rest = [...say(' four</think>The answer is 42.'), stop];
    const run = start({ tokens, scripts: [[...say('one two three'), ...steps], ...after, rest] });
    expect(await run.outcome()).toMatchObject({
      thinkingEndedBy: 'model',
      reasoning: 'one two three four',
      answer: 'The answer is 42.',
      counts: { thinking: 4, closer: 0, dropped: 0 },
      requests: 2 + after.length,
      warnings: [expect.stringMatching(/^the connection to the server broke (once|2 times), and the run continued/)],
    });
    const kept = tokens.encode('one two three');
    expect(run.engine.requests.at(-1)?.ids).toEqual([...run.prompt.beginning.ids, ...kept]);
  });

  test('the budget holds over all connections', async () => {
    const hm = say(' hm'.repeat(4));
    const run = start({ tokens, budget: 10, scripts: [[...hm, lost], [...hm, lost], [...hm, ...hm], answers] });
    expect(await run.outcome()).toMatchObject({
      thinkingEndedBy: 'budget',
      counts: { thinking: 10, dropped: 1 },
      requests: 4,
    });
  });

  test("the server's own budget is lowered by what was thought already", async () => {
    const rest = [...say(' hm'.repeat(6)), ...say('</think>The answer is 42.'), stop];
    const run = start({
      tokens,
      budget: 10,
      native: { field: 'thinking_token_budget', countsPrompt: false },
      mechanism: 'native',
      scripts: [[...say(' hm'.repeat(4)), lost], rest],
      isOwn: ({ ids }) => ids.length > 0,
    });
    await run.outcome().catch(() => undefined);
    expect(run.engine.requests.map(({ nativeBudget }) => nativeBudget).slice(0, 2)).toEqual([10, 6]);
  });

  test('while answering: one continuation from the ids received, for the tokens that are left', async () => {
    const first = [...say('one</think>\n\nThe answer'), lost];
    const run = start({ tokens, answerTokens: 10, scripts: [first, [...say(' is 42.'), stop]] });
    expect(await run.outcome()).toMatchObject({
      thinkingEndedBy: 'model',
      reasoning: 'one',
      answer: 'The answer is 42.',
      answerEndedBy: 'stop',
      counts: { answer: 5, closer: 0, dropped: 0 },
      requests: 2,
    });
    const received = tokens.encode('one</think>\n\nThe answer');
    const [whole, rest] = run.engine.requests;
    expect(rest).toMatchObject({
      ids: [...run.prompt.beginning.ids, ...received],
      maxTokens: (whole?.maxTokens ?? 0) - received.length,
    });
  });

  test('while answering: the continuation ends at what was left of the tokens, which is no fault of the server', async () => {
    const first = [...say('one</think>The answer'), lost];
    const rest = inChunks(tokens, tokens.encode(' is 42.'), [1], finish('length'));
    const run = start({ tokens, answerTokens: 4, scripts: [first, rest] });
    expect(await run.outcome()).toMatchObject({
      answer: 'The answer is 42.',
      answerEndedBy: 'length',
      warnings: [BROKE_ONCE],
    });
  });

  test('while answering after a cut: the continuation holds thought, closer and the answer so far', async () => {
    const run = start({
      tokens,
      budget: 2,
      answerTokens: 10,
      scripts: [forEver(tokens, ' hm'), [...say('The answer'), lost], [...say(' is 42.'), stop]],
    });
    expect(await run.outcome()).toMatchObject({ answer: 'The answer is 42.', counts: { answer: 4 }, requests: 3 });
    const [, second, third] = run.engine.requests;
    expect(third).toMatchObject({ ids: [...(second?.ids ?? []), ...tokens.encode('The answer')], maxTokens: 8 });
  });

  test('with half a character received: it is asked for again', async () => {
    const half = { ids: [91, 92], text: '' };
    const run = start({
      tokens,
      scripts: [
        [...say('one</think>It is'), half, lost],
        [...say(' 42'), stop],
      ],
    });
    expect(await run.outcome()).toMatchObject({ answer: 'It is 42', counts: { answer: 3, dropped: 2 } });
    expect(run.engine.requests[1]?.ids).toEqual([...run.prompt.beginning.ids, ...tokens.encode('one</think>It is')]);
  });

  test('in vain too often: the thinking is closed, and the answer requested', async () => {
    const run = start({ tokens, scripts: [[...say('one two'), lost], ...lostAgain(7), answers] });
    expect(await run.outcome()).toMatchObject({
      thinkingEndedBy: 'server',
      reasoning: 'one two',
      answer: 'The answer is 42.',
      requests: 9,
    });
    const asked = run.engine.requests.map(({ at }) => at);
    expect(asked.map((at, index) => at - (asked[index - 1] ?? at))).toEqual([
      0, 0, 250, 500, 1000, 2000, 4000, 8000, 0,
    ]);
  });

  test('for good: an error that keeps what was paid for', async () => {
    const run = start({ tokens, scripts: [[...say('one two'), lost], ...lostAgain(10)] });
    const error = await run.error();
    expect(error).toBeInstanceOf(EngineProtocolError);
    expect(error).toMatchObject({
      partial: { runId: 'a-run', thinkingTokens: 2, reasoning: expect.stringMatching(/^one two\s*$/) as string },
    });
  });

  test('a stream that never gives a finish reason is not asked for more again and again', async () => {
    const run = start({ tokens, scripts: [say('one</think>It is 42.'), [], [], [], []] });
    expect(await run.error()).toBeInstanceOf(EngineProtocolError);
  });

  test('in time: what there is of the answer is returned at the deadline', async () => {
    const run = start({
      tokens,
      maxSeconds: 10,
      scripts: [[...say('one</think>It is'), lost], ['stall']],
    });
    expect(await run.outcome()).toMatchObject({ answer: 'It is', answerEndedBy: 'deadline' });
  });

  test('an error of the engine keeps what was paid for, too', async () => {
    const broken = new EngineProtocolError('no such thing');
    const error = await start({ tokens, scripts: [[...say('one two'), broken]] }).error();
    expect(error).toBe(broken);
    expect(error).toMatchObject({
      partial: { runId: 'a-run', thinkingTokens: 2, reasoning: expect.stringMatching(/^one two\s*$/) as string },
    });
  });
});

// answer.ts: whole() is asked only to tell the end of turn from the answer's tokens, and its failure costs the answer
test('an engine that fails to detokenize does not cost the answer that is there', async () => {
  const ids = [...tokens.encode('The answer is 42.'), tokens.endOfTurn];
  const run = start({
    tokens,
    budget: 0,
    scripts: [inChunks(tokens, ids, [9], finish('stop'))],
    decode: () => Promise.reject(new EngineHttpError('the server answered 500', 500)),
  });
  expect(await run.outcome()).toMatchObject({ answer: 'The answer is 42.', answerEndedBy: 'stop' });
});

describe('there is no answer', () => {
  test.each([
    { name: 'the turn ends behind the marker', scripts: [[...say('one two</think>'), stop]] },
    { name: 'white space only', scripts: [[...say('one two</think>\n\n \n'), stop]] },
    { name: 'markers only', scripts: [[...say('one two</think><think></think>'), stop]] },
    { name: 'after a thought that was left open', scripts: [[...say('one two'), stop], [stop]] },
  ])('that is an error, never an empty success: $name', async ({ scripts }) => {
    const error = await start({ tokens, scripts }).error();
    expect(error).toBeInstanceOf(NoAnswerError);
    expect(error).toMatchObject({
      partial: { runId: 'a-run', thinkingTokens: 2, reasoning: expect.stringMatching(/^one two\s*$/) as string },
    });
  });
});

const estimated = (text: string): Piece[] =>
  say(text).map(({ text: word }) => ({ ids: [], text: word, counted: { tokens: 1, by: 'estimate' } }));

test('B9: a first stream that broke before its first token does not make an estimate certain', async () => {
  const end: Piece = { ids: [], text: '', finish: finish('stop') };
  const scripts = [[lost], [...estimated('<think>hm hm</think>It is 42.'), end]];
  expect(await start({ tokens, state: 'none', scripts }).outcome()).toMatchObject({
    countedBy: 'estimate',
    counts: { thinking: 2 },
    requests: 2,
  });
});

test('B9: tokens of which nothing shows how they were counted are estimated', async () => {
  const end: Piece = { ids: [], text: '', finish: finish('stop') };
  const run = start({ tokens, budget: 0, scripts: [[{ ids: [], text: 'It is 42.' }, end]] });
  const [result] = await Promise.allSettled([run.outcome()]);
  expect(result).toMatchObject({ status: 'fulfilled', value: { countedBy: 'estimate' } });
});
