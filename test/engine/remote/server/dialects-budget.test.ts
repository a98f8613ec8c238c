/** Our own cut on every kind of server, judged by what the server itself wrote, and by what reaches the answer. */
import { describe, expect, test } from 'vitest';
import { neverStopsThinking, thinks } from '../../../support/fake-vllm/scripts.ts';
import { meet, watch, type Met, type Watched } from '../../../support/fake-servers/asking.ts';
import { BUDGETS, ownCut, startThinker } from '../../../support/fake-servers/budgets.ts';
import { withBothModels } from '../../../support/fake-servers/cases.ts';

const BUDGET = 20;
const ANSWER = 'The answer is 42.';

/** Tokens of the thought that an answer was asked from, by the server's own tokenizer. */
function carried({ fake }: Met, { outcome, first, second }: Watched): number {
  if (second === undefined) return first.thinkingTokens;
  const { messages } = second.body as { messages?: readonly { readonly content: string }[] };
  if (messages === undefined) return second.prompt.length - first.prompt.length - outcome.counts.closer;
  const content = messages.at(-1)?.content ?? '';
  // quoted, or the beginning of the assistant's own turn
  const [, notes = ''] = /<notes>\n(.*)\n<\/notes>/s.exec(content) ?? /^(.*)\n<\/think>/s.exec(content) ?? [];
  expect(notes).not.toBe('');
  return fake.model.encode(notes, { specialTokens: false }).length;
}

describe.each(BUDGETS)('$name', (row) => {
  const mechanism = ownCut(row);

  test('a thought without end is cut, and answered from', async () => {
    const { outcome, first } = await watch(await startThinker(row), { budget: BUDGET, mechanism });
    expect(outcome).toMatchObject({
      mechanism: row.own,
      thinkingEndedBy: 'budget',
      honored: true,
      answer: ANSWER,
      countedBy: row.countedBy,
      requests: 2,
    });
    // a stream goes on until it is left, at once
    await expect.poll(() => first.aborted).toBe(row.own === 'stream');
    expect(row.own === 'stream' ? outcome.counts.thinking : first.thinkingTokens).toBeLessThanOrEqual(BUDGET);
  });

  test('no more of it reaches the answer than the budget', async () => {
    const met = await startThinker(row);
    expect(carried(met, await watch(met, { budget: BUDGET, mechanism }))).toBeLessThanOrEqual(BUDGET);
  });

  test('nor where a chunk has several tokens', async () => {
    const met = await startThinker(row, { tokensPerChunk: 4 });
    const watched = await watch(met, { budget: BUDGET, mechanism });
    expect(watched.outcome).toMatchObject({ honored: true, answer: ANSWER, countedBy: row.countedBy });
    expect(carried(met, watched)).toBeLessThanOrEqual(BUDGET);
  });

  const script = thinks('2 + 2 is 4.', 'The answer is 4.');

  test('an answer that a first request has no room for is whole', async () => {
    const { ask } = await startThinker(row, { script });
    expect(await ask({ budget: 14, mechanism })).toMatchObject({
      thinkingEndedBy: 'model',
      honored: true,
      answer: 'The answer is 4.',
      answerEndedBy: 'stop',
    });
  });

  test('an answer that is too long is cut', async () => {
    const { ask } = await startThinker(row, { script });
    const outcome = await ask({ budget: 0, answerTokens: 3 });
    expect(outcome).toMatchObject({ honored: true, answerEndedBy: 'length', reasoning: '' });
    expect(outcome.answer).toMatch(/^The answer/);
  });
});

describe.each(BUDGETS.filter(({ own }) => own === 'stream'))('$name', (row) => {
  test('a thought that just fits is not cut', async () => {
    const met = await startThinker(row, { script: thinks('2 + 2 is 4.', 'The answer is 4.') });
    const { outcome, first } = await watch(met, { budget: 8, mechanism: 'stream' });
    expect(first.thinkingTokens).toBe(8);
    expect(outcome).toMatchObject({ thinkingEndedBy: 'model', answer: 'The answer is 4.', requests: 1 });
  });
});

test.each(BUDGETS.filter(({ countedBy }) => countedBy === 'ids'))(
  '$name: what is gone on with is what was generated, id for id, where characters are several as well',
  async (row) => {
    const met = await startThinker(row, { script: neverStopsThinking('So 🙂👨‍👩‍👧 안녕하세요 é.\n') });
    const { outcome, first, second } = await watch(met, { budget: BUDGET });
    const { thinking, closer } = outcome.counts;
    expect(second?.prompt.slice(0, -closer)).toEqual([...first.prompt, ...first.generated.slice(0, thinking)]);
    expect(outcome).toMatchObject({ honored: true, answer: ANSWER });
  },
);

describe.each(
  withBothModels([{ kind: 'lemonade' }, { kind: 'tensorrt-llm' }, { kind: 'lm-studio' }, { kind: 'transformers' }]),
)("$name, with the model's tokenizer here", ({ kind, model }) => {
  test('a thought without end is cut, and answered from', async () => {
    const met = await meet(kind, { model, script: neverStopsThinking(), tokenizer: true });
    const watched = await watch(met, { budget: BUDGET, mechanism: 'stream' });
    expect(watched.first.path).toBe('/v1/completions');
    expect(watched.outcome).toMatchObject({ mechanism: 'stream', honored: true, answer: ANSWER, requests: 2 });
    expect(carried(met, watched)).toBeLessThanOrEqual(BUDGET);
  });

  test('a thought that ends by itself', async () => {
    const { ask } = await meet(kind, { model, tokenizer: true });
    // a marker that is a special token is not shown there, so the thought seems to have no end
    const shown = kind === 'lemonade' || kind === 'tensorrt-llm' || model === 'thinkmeter-demo';
    expect(await ask({ budget: 200 })).toMatchObject({
      honored: true,
      answer: 'The answer is 4.',
      thinkingEndedBy: shown ? 'model' : 'unclosed',
      requests: shown ? 1 : 2,
    });
  });

  test('a budget of 0 switches thinking off', async () => {
    const { outcome, first } = await watch(await meet(kind, { model, tokenizer: true }), { budget: 0 });
    expect(outcome).toMatchObject({ mechanism: 'off', reasoning: '', answer: 'The answer is 4.', requests: 1 });
    expect(first.thinkingTokens).toBe(0);
  });
});
