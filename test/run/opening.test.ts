/** Thinking off, and models whose prompt says nothing of thinking: they open it themselves, or not at all. */
import { describe, expect, test } from 'vitest';
import type { Piece } from '../../src/engine/engine.ts';
import { EngineProtocolError } from '../../src/errors.ts';
import { finish, forEver, inChunks, says, serverEnds, turnEnds } from '../support/chunks.ts';
import { lost, type Script } from '../support/scripted-engine.ts';
import { wordTokens } from '../support/tokens.ts';
import { start } from './start-run.ts';

const tokens = wordTokens();
const stop = turnEnds(tokens);
const say = (text: string): Piece[] => says(tokens, text);
const answers = [...say('The answer is 42.'), stop];

describe('thinking is off', () => {
  test.each(['closed', 'none'] as const)(
    "in a prompt that has it %s: one request of the answer's size",
    async (state) => {
      const run = start({ tokens, budget: 0, state, scripts: [answers] });
      expect(await run.outcome()).toMatchObject({
        mechanism: 'off',
        budget: 0,
        thinkingEndedBy: 'off',
        reasoning: '',
        answer: 'The answer is 42.',
        answerEndedBy: 'stop',
        counts: { thinking: 0, marker: 0, closer: 0, answer: 4, endOfTurn: 1 },
        requests: 1,
      });
      expect(run.engine.rendered).toEqual([false]);
      expect(run.engine.requests).toMatchObject([{ ids: run.prompt.beginning.ids, maxTokens: 50 }]);
    },
  );

  // OpenCoworkAI/open-cowork#285, nesquena/hermes-webui#2152, larksuite/openclaw-lark#488, nbramia/LifeOS#568
  test.each([
    { name: 'is the end marker', said: '</think>' },
    { name: 'is the start marker', said: '<think>' },
    { name: 'is a training sample', said: '<think>\n2+2 is 4\n</think>\n4' },
    { name: 'ends with a marker', said: 'The tag is </think>' },
  ])('behind a prompt that has it closed, an answer that $name is the answer', async ({ said }) => {
    const run = start({ tokens, budget: 0, state: 'closed', scripts: [[...say(said), stop]] });
    expect(await run.outcome()).toMatchObject({ answer: said, honored: true, warnings: [], counts: { thinking: 0 } });
  });

  test('the answer is stopped at its tokens', async () => {
    const answer = inChunks(tokens, tokens.encode('a b c'), [2], finish('length'));
    const run = start({ tokens, budget: 0, answerTokens: 3, scripts: [answer] });
    expect(await run.outcome()).toMatchObject({ answer: 'a b c', answerEndedBy: 'length', counts: { answer: 3 } });
  });

  test('a connection lost: one continuation from the ids received', async () => {
    const run = start({
      tokens,
      budget: 0,
      scripts: [
        [...say('The answer'), lost],
        [...say(' is 42.'), stop],
      ],
    });
    expect(await run.outcome()).toMatchObject({ thinkingEndedBy: 'off', answer: 'The answer is 42.', requests: 2 });
  });

  test('a model that opens it all the same is closed at once', async () => {
    const run = start({ tokens, budget: 0, state: 'none', scripts: [say('<think>\nWell, let'), answers] });
    expect(await run.outcome()).toMatchObject({
      reasoning: '',
      answer: 'The answer is 42.',
      counts: { thinking: 0, marker: 3, closer: 5 },
      requests: 2,
    });
    const opened = tokens.encode('<think>');
    expect(run.engine.requests[1]?.ids).toEqual([
      ...run.prompt.beginning.ids,
      ...opened,
      ...run.engine.closer.elsewhere,
    ]);
  });
});

describe('the model opens thinking itself', () => {
  test.each([
    { name: 'with its first word', before: '' },
    { name: 'behind a line end', before: '\n' },
  ])('$name: the marker is overhead, the thought is counted', async ({ before }) => {
    const text = `${before}<think>one two</think>It is 42.`;
    const run = start({ tokens, state: 'none', scripts: [[...say(text), stop]] });
    expect(await run.outcome()).toMatchObject({
      thinkingEndedBy: 'model',
      reasoning: 'one two',
      answer: 'It is 42.',
      counts: { thinking: 2, marker: before === '' ? 6 : 7, answer: 3 },
      requests: 1,
    });
  });

  test('the budget holds for it', async () => {
    const run = start({
      tokens,
      budget: 3,
      state: 'none',
      scripts: [[...say('<think>'), ...say('a b c d e f')], answers],
    });
    expect(await run.outcome()).toMatchObject({
      thinkingEndedBy: 'budget',
      reasoning: 'a b c',
      counts: { thinking: 3, marker: 3, dropped: 1 },
    });
    const kept = tokens.encode('<think>a b c');
    expect(run.engine.requests[1]?.ids).toEqual([...run.prompt.beginning.ids, ...kept, ...run.engine.closer.elsewhere]);
  });

  test('a turn that ends with it open is closed by us', async () => {
    const run = start({ tokens, state: 'none', scripts: [[...say('<think>one two'), stop], answers] });
    expect(await run.outcome()).toMatchObject({ thinkingEndedBy: 'unclosed', reasoning: 'one two', requests: 2 });
  });

  test('all in one chunk, which also ends the turn', async () => {
    const ids = [...tokens.encode('<think>one two</think>It is 42.'), tokens.endOfTurn];
    const run = start({ tokens, state: 'none', scripts: [inChunks(tokens, ids, [99], finish('stop'))] });
    expect(await run.outcome()).toMatchObject({
      thinkingEndedBy: 'model',
      reasoning: 'one two',
      answer: 'It is 42.',
      counts: { thinking: 2, marker: 6, answer: 3 },
    });
  });

  test('a connection lost within the start marker does not make the thought the answer', async () => {
    const begun = [...says(tokens, '<'), { ids: [90], text: 'thi' }];
    const rest = [{ ids: [91], text: 'nk' }, ...say('>one two</think>42'), stop];
    const goesOn: Script = ({ ids }) => (ids.at(-1) === 90 ? rest : [...begun, ...rest]);
    const run = start({ tokens, state: 'none', scripts: [[...begun, lost], goesOn] });
    expect(await run.outcome()).toMatchObject({ reasoning: 'one two', answer: '42' });
  });

  test('a connection lost each time before anything was said is an error of the server, not of ours', async () => {
    const run = start({ tokens, state: 'none', scripts: [[lost], [lost], [lost], [lost]] });
    const error = await run.error();
    expect(error).toBeInstanceOf(EngineProtocolError);
    expect(error).toMatchObject({ partial: { runId: 'a-run' } });
  });

  test('nor does a deadline', async () => {
    const begun = [...say('<'), { ids: [90], text: 'thi' }];
    const late = [{ wait: 25_000 }, { ids: [91], text: 'nk' }, ...say('>one two'), 'stall' as const];
    const run = start({ tokens, state: 'none', maxSeconds: 30, scripts: [[...begun, ...late]] });
    const answer = await run.outcome().then(
      (outcome) => outcome.answer,
      () => undefined,
    );
    expect(answer).not.toBe('one two');
  });

  test('a line end before the marker is no place to cut the thought at', async () => {
    const run = start({
      tokens,
      state: 'none',
      budget: 200,
      scripts: [[...say('\n<think>one two three'), serverEnds('abort')], answers],
    });
    expect(await run.outcome()).toMatchObject({ thinkingEndedBy: 'server', reasoning: 'one two three' });
  });

  test.each([
    { name: 'on', budget: 20, script: [...say('<think>'), ...say(' a'.repeat(30))] },
    { name: 'off', budget: 0, script: say('<think>Well, let') },
  ])('what a thought opened by the model needs is in the plan, thinking $name', async ({ budget, script }) => {
    const question = { answerTokens: { tokens: 1000, given: false } };
    const run = start({ tokens, budget, state: 'none', window: 150, question, scripts: [script, answers] });
    expect(await run.outcome()).toMatchObject({ answer: 'The answer is 42.' });
  });
});

describe('nothing is opened', () => {
  test.each([
    { name: 'the text is the answer', text: 'It is 42.', answer: 'It is 42.', count: 3 },
    { name: 'though it began like a marker', text: '<that> is 42', answer: '<that> is 42', count: 5 },
    { name: 'though it speaks of one', text: 'Use <think>.', answer: 'Use <think>.', count: 6 },
    { name: 'and it is no longer than a part of a marker', text: '<', answer: '<', count: 1 },
  ])('$name', async ({ text, answer, count }) => {
    const run = start({ tokens, state: 'none', scripts: [[...say(text), stop]] });
    expect(await run.outcome()).toMatchObject({
      thinkingEndedBy: 'none',
      reasoning: '',
      answer,
      answerEndedBy: 'stop',
      counts: { thinking: 0, marker: 0, answer: count },
      requests: 1,
    });
  });

  test('the answer is stopped at its tokens, not at those of thinking and answer together', async () => {
    const run = start({ tokens, state: 'none', answerTokens: 4, scripts: [forEver(tokens, ' yes')] });
    expect(await run.outcome()).toMatchObject({ answer: 'yes yes yes yes', answerEndedBy: 'length' });
    expect(run.engine.requests[0]).toMatchObject({ aborted: true });
    // one more shows whether the turn ends there
    expect(run.engine.requests[0]?.sent).toHaveLength(5);
  });
});
