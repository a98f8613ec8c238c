/** How thinking ends where the server does as it should; every test also checks what `start-run.ts` promises of every run. */
import { describe, expect, test } from 'vitest';
import type { Piece } from '../../src/engine/engine.ts';
import { finish, forEver, inChunks, says, saysSlowly, turnEnds } from '../support/chunks.ts';
import { wordTokens } from '../support/tokens.ts';
import { start } from './start-run.ts';

const tokens = wordTokens();
const stop = turnEnds(tokens);
const say = (text: string): Piece[] => says(tokens, text);

/** After a cut. */
const answers = [...say('The answer is 42.'), stop];

describe('the model closes thinking by itself', () => {
  test('and finishes: one request, the answer from the same stream', async () => {
    const run = start({ tokens, scripts: [[...say('one two\nthree\n</think>\n\nIt is 42.\n'), stop]] });
    expect(await run.outcome()).toMatchObject({
      runId: 'a-run',
      model: 'thinkmeter-demo',
      mechanism: 'stream',
      budget: 100,
      thinkingEndedBy: 'model',
      reasoning: 'one two\nthree\n',
      answer: 'It is 42.',
      answerEndedBy: 'stop',
      counts: { thinking: 5, marker: 3, closer: 0, answer: 5, endOfTurn: 1, dropped: 0, received: 14 },
      requests: 1,
      warnings: [],
    });
    expect(run.engine.requests[0]).toMatchObject({ ids: run.prompt.beginning.ids, maxTokens: 155, aborted: false });
    expect(run.engine.decoded).toEqual([]);
  });

  test("and is still answering: stopped upstream when a token more than the answer's has come, no second request", async () => {
    const run = start({ tokens, answerTokens: 4, scripts: [[...say('hm</think>'), ...say('a b c d e f'), stop]] });
    expect(await run.outcome()).toMatchObject({
      thinkingEndedBy: 'model',
      answer: 'a b c d',
      answerEndedBy: 'length',
      counts: { thinking: 1, marker: 3, answer: 4, dropped: 1 },
      requests: 1,
    });
    expect(run.engine.requests[0]?.aborted).toBe(true);
  });

  test.each([
    { name: 'the end of turn came with it', ids: [tokens.endOfTurn], end: 'stop', endOfTurn: 1 },
    { name: 'only the server says so', ids: [], end: 'length', endOfTurn: 0 },
  ])("and stops at exactly the answer's tokens: $name", async ({ ids, end, endOfTurn }) => {
    const answer = inChunks(tokens, [...tokens.encode('a b c d'), ...ids], [9], finish('stop'));
    const run = start({ tokens, answerTokens: 4, scripts: [[...say('hm</think>'), ...answer]] });
    expect(await run.outcome()).toMatchObject({
      answer: 'a b c d',
      answerEndedBy: end,
      counts: { answer: 4, endOfTurn },
    });
  });

  test('at exactly the budget: the marker may be the token after it', async () => {
    const run = start({ tokens, budget: 3, scripts: [[...say('one two three</think>42'), stop]] });
    expect(await run.outcome()).toMatchObject({ thinkingEndedBy: 'model', counts: { thinking: 3 }, requests: 1 });
  });

  test('at once: a thought of no tokens', async () => {
    const run = start({ tokens, scripts: [[...say('</think>\n\n42'), stop]] });
    expect(await run.outcome()).toMatchObject({ thinkingEndedBy: 'model', reasoning: '', answer: '42', requests: 1 });
  });

  test('with a token that holds an end of the marker and a beginning of the answer: overhead, and answer', async () => {
    const ids = tokens.encode('hm</think');
    const pieces = [...inChunks(tokens, ids, [1]), { ids: [77], text: '>4' }, ...say('2'), stop];
    const run = start({ tokens, scripts: [pieces] });
    expect(await run.outcome()).toMatchObject({ reasoning: 'hm', answer: '42', counts: { marker: 3, answer: 1 } });
  });
});

describe('the budget is over', () => {
  test('two requests: the second continues the ids kept, with thinking closed', async () => {
    const run = start({ tokens, budget: 5, scripts: [forEver(tokens, ' hm'), answers] });
    expect(await run.outcome()).toMatchObject({
      thinkingEndedBy: 'budget',
      reasoning: ' hm hm hm hm hm',
      answer: 'The answer is 42.',
      answerEndedBy: 'stop',
      counts: { thinking: 5, marker: 0, closer: 5, answer: 4, endOfTurn: 1, dropped: 1 },
      requests: 2,
      warnings: [],
    });
    const [first, second] = run.engine.requests;
    expect(first?.aborted).toBe(true);
    expect(second?.ids).toEqual([
      ...run.prompt.beginning.ids,
      ...tokens.encode(' hm hm hm hm hm'),
      ...run.engine.closer.elsewhere,
    ]);
    expect(second).toMatchObject({ maxTokens: 50, sampling: first?.sampling });
  });

  test('upstream it is over before the engine is asked where to cut', async () => {
    const aborted: (boolean | undefined)[] = [];
    const run = start({
      tokens,
      budget: 5,
      scripts: [inChunks(tokens, tokens.encode('a b c d e f g'), [7]), answers],
      decode: (ids) => {
        aborted.push(run.engine.requests[0]?.aborted);
        return Promise.resolve(tokens.decode(ids));
      },
    });
    expect(await run.outcome()).toMatchObject({ reasoning: 'a b c d e' });
    expect(new Set(aborted)).toEqual(new Set([true]));
  });

  test('behind a line end the closer is the form for it', async () => {
    const run = start({ tokens, budget: 5, scripts: [[...say('a b c d\n e f g')], answers] });
    expect(await run.outcome()).toMatchObject({ reasoning: 'a b c d\n', counts: { thinking: 5, closer: 4 } });
    expect(run.engine.requests[1]?.ids.slice(-4)).toEqual(run.engine.closer.afterLine);
  });

  test('with nothing kept, the form goes by how the prompt ended', async () => {
    const run = start({ tokens, budget: 1, scripts: [say('<x y'), answers] });
    expect(await run.outcome()).toMatchObject({ reasoning: '', counts: { thinking: 0, closer: 4 } });
  });

  test.each([
    { name: 'within a quarter of the budget', budget: 8, lineEndAt: 7, kept: 7 },
    { name: 'just not within it', budget: 8, lineEndAt: 6, kept: 8 },
    { name: 'within 32 tokens', budget: 200, lineEndAt: 169, kept: 169 },
    { name: 'just not within them', budget: 200, lineEndAt: 168, kept: 200 },
    { name: 'right at the budget', budget: 8, lineEndAt: 8, kept: 8 },
    { name: 'right behind the budget', budget: 8, lineEndAt: 9, kept: 8 },
  ])('a line end is cut at: $name', async ({ budget, lineEndAt, kept }) => {
    const pieces = [...say(' a'.repeat(lineEndAt - 1)), ...say('\n'), ...say(' a'.repeat(40))];
    const run = start({ tokens, budget, scripts: [pieces, answers] });
    expect(await run.outcome()).toMatchObject({
      thinkingEndedBy: 'budget',
      counts: { thinking: kept, dropped: budget + 1 - kept },
    });
  });

  test.each([
    { name: 'one that becomes none', thought: 'a b c</thing' },
    { name: 'one that never goes on', thought: 'a b c</ d' },
    { name: 'one at the budget that goes on as something else', thought: 'a b <x y z' },
  ])('a possible marker is waited for, then cut away: $name', async ({ thought }) => {
    const run = start({ tokens, budget: 3, scripts: [[...say(thought), ...say(' x y z')], answers] });
    const { reasoning, thinkingEndedBy } = await run.outcome();
    expect(thinkingEndedBy).toBe('budget');
    expect('a b c').toContain(reasoning.trim());
    expect(reasoning).not.toMatch(/<\/?$/);
  });

  test('a marker that begins one token too late is not waited for', async () => {
    const run = start({ tokens, budget: 3, scripts: [[...say('a b c d'), 'stall'], answers] });
    expect(await run.outcome()).toMatchObject({ thinkingEndedBy: 'budget', reasoning: 'a b c' });
  });

  test('a marker that came in the same chunk, but too late, does not count', async () => {
    const chunk = inChunks(tokens, tokens.encode('a b c d</think>41'), [99]);
    const run = start({ tokens, budget: 3, scripts: [chunk, answers] });
    expect(await run.outcome()).toMatchObject({
      thinkingEndedBy: 'budget',
      reasoning: 'a b c',
      answer: 'The answer is 42.',
      counts: { thinking: 3, dropped: 5 },
    });
  });

  test('a model that repeats for ever has ended and answered', async () => {
    const run = start({ tokens, budget: 512, scripts: [forEver(tokens, 'Wait, no.\n'), answers] });
    expect(await run.outcome()).toMatchObject({ thinkingEndedBy: 'budget', answer: 'The answer is 42.' });
    expect(run.engine.requests[0]?.sent).toHaveLength(513);
  });

  test('the answer after a cut is no longer than asked for', async () => {
    const answer = inChunks(tokens, tokens.encode('a b c d'), [3], finish('length'));
    const run = start({ tokens, budget: 2, answerTokens: 4, scripts: [forEver(tokens, ' hm'), answer] });
    expect(await run.outcome()).toMatchObject({ answer: 'a b c d', answerEndedBy: 'length', counts: { answer: 4 } });
  });
});

test('the time for thinking is over: cut, with a warning that says so', async () => {
  const run = start({
    tokens,
    maxSeconds: 30,
    scripts: [[...saysSlowly(tokens, 'one two\nthree four', 1000), 'stall'], answers],
  });
  expect(await run.outcome()).toMatchObject({
    thinkingEndedBy: 'deadline',
    reasoning: 'one two\n',
    answer: 'The answer is 42.',
    answerEndedBy: 'stop',
    requests: 2,
    warnings: [expect.stringContaining('max_seconds')],
  });
});

describe('the model stops with thinking open', () => {
  test('its end of turn is dropped, thinking closed, and the answer asked for once', async () => {
    const run = start({ tokens, scripts: [[...say('one\ntwo three'), stop], answers] });
    expect(await run.outcome()).toMatchObject({
      thinkingEndedBy: 'unclosed',
      reasoning: 'one\ntwo three',
      answer: 'The answer is 42.',
      counts: { thinking: 4, closer: 5, endOfTurn: 2, dropped: 0 },
      requests: 2,
    });
    const kept = tokens.encode('one\ntwo three');
    expect(run.engine.requests[1]?.ids).toEqual([...run.prompt.beginning.ids, ...kept, ...run.engine.closer.elsewhere]);
  });

  test('with the end of turn in one chunk with the rest', async () => {
    const ids = [...tokens.encode('one two'), tokens.endOfTurn];
    const run = start({ tokens, scripts: [inChunks(tokens, ids, [9], finish('stop')), answers] });
    expect(await run.outcome()).toMatchObject({ thinkingEndedBy: 'unclosed', reasoning: 'one two' });
    expect(run.engine.requests[1]?.ids).not.toContain(tokens.endOfTurn);
  });

  test('with half a marker: that goes, too', async () => {
    const run = start({ tokens, scripts: [[...say('one two</think'), stop], answers] });
    expect(await run.outcome()).toMatchObject({
      thinkingEndedBy: 'unclosed',
      reasoning: 'one two',
      counts: { thinking: 2, dropped: 2 },
    });
  });

  test('at exactly the budget: that is no cut, and nothing is taken back to a line end', async () => {
    const run = start({ tokens, budget: 8, scripts: [[...say('a b c d e f\n g'), stop], answers] });
    expect(await run.outcome()).toMatchObject({
      thinkingEndedBy: 'unclosed',
      reasoning: 'a b c d e f\n g',
      counts: { thinking: 8, endOfTurn: 2, dropped: 0 },
    });
  });
});

test('an answer with markers around it comes without them', async () => {
  const run = start({
    tokens,
    budget: 1,
    scripts: [forEver(tokens, ' hm'), [...say('</think>\n\n42\n</think>'), stop]],
  });
  expect(await run.outcome()).toMatchObject({ answer: '42' });
});

describe('B16: an answer of exactly the tokens that were wanted', () => {
  test.each([
    { name: 'the turn ends there', rest: [stop], ends: 'stop', endOfTurn: 1, dropped: 0 },
    { name: 'the turn does not end there', rest: say(' or'), ends: 'length', endOfTurn: 0, dropped: 1 },
  ])('$name', async ({ rest, ends, endOfTurn, dropped }) => {
    const scripts = [[...say('hm</think>'), ...say('a b c d'), ...rest]];
    expect(await start({ tokens, answerTokens: 4, scripts }).outcome()).toMatchObject({
      answer: 'a b c d',
      answerEndedBy: ends,
      counts: { answer: 4, endOfTurn, dropped },
    });
  });
});

describe('B21: an answer that is a marker', () => {
  test('written by a model that has closed its thinking is what it says', async () => {
    const scripts = [[...say('which one closes it?</think>\n\n'), ...say('</think>'), stop]];
    expect(await start({ tokens, scripts }).outcome()).toMatchObject({ answer: '</think>' });
  });

  test('after our own cut it closes what we have closed already', async () => {
    const run = start({ tokens, budget: 2, scripts: [forEver(tokens, ' hm'), [...say('</think>'), stop]] });
    expect(await run.error()).toMatchObject({ code: 'NO_ANSWER' });
  });
});
