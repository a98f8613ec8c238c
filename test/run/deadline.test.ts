import { describe, expect, test } from 'vitest';
import type { Piece } from '../../src/engine/engine.ts';
import { EngineTimeoutError } from '../../src/errors.ts';
import { forEver, inChunks, says, saysSlowly, turnEnds } from '../support/chunks.ts';
import { lost, silence, type Step } from '../support/scripted-engine.ts';
import { wordTokens } from '../support/tokens.ts';
import { start, type Started } from './start-run.ts';

const tokens = wordTokens();
const stop = turnEnds(tokens);
const say = (text: string): Piece[] => says(tokens, text);
const answers = [...say('The answer is 42.'), stop];

/** One token after the other, at a speed. */
function* steadily(pieces: Iterable<Piece>, firstMs: number, msPerToken: number): Generator<Step> {
  let wait = firstMs;
  for (const piece of pieces) {
    yield { wait };
    yield piece;
    wait = msPerToken;
  }
}

/** Since the run began. */
function elapsed({ clock }: Started, begun: number): number {
  return clock.now() - begun;
}

const timedOut = { code: 'ENGINE_TIMEOUT', hint: expect.stringContaining('max_seconds') as string };

describe('thinking ends in time for the answer', () => {
  test.each([
    { name: 'first-token time and answer at the speed measured', answerTokens: 50, cutAt: 24_000 },
    { name: 'at most two thirds of the time', answerTokens: 1000, cutAt: 10_000 },
    { name: 'right at two thirds', answerTokens: 190, cutAt: 10_000 },
    { name: 'just below two thirds', answerTokens: 180, cutAt: 11_000 },
  ])('held back: $name', async ({ answerTokens, cutAt }) => {
    const run = start({
      tokens,
      answerTokens,
      maxSeconds: 30,
      budget: 1000,
      scripts: [steadily(forEver(tokens, ' hm'), 1000, 100), answers],
    });
    const begun = run.clock.now();
    expect(await run.outcome()).toMatchObject({ thinkingEndedBy: 'deadline', answerEndedBy: 'stop' });
    expect(run.engine.requests.map(({ at }) => at - begun)).toEqual([0, cutAt]);
  });

  test.each([
    { name: 'too few tokens have come to measure a speed', count: 7, cutAt: 20_000 },
    { name: 'as many have come as make a speed', count: 8, cutAt: 24_000 },
  ])('a third of the time is held back while $name', async ({ count, cutAt }) => {
    const pieces = say(' hm'.repeat(count));
    const run = start({ tokens, maxSeconds: 30, scripts: [[...steadily(pieces, 1000, 100), 'stall'], answers] });
    const begun = run.clock.now();
    expect(await run.outcome()).toMatchObject({ thinkingEndedBy: 'deadline', counts: { thinking: count } });
    expect(run.engine.requests[1]?.at).toBe(begun + cutAt);
  });

  test('waiting before the run counts', async () => {
    const run = start({ tokens, maxSeconds: 30, waitedMs: 15_000, scripts: [[...say('one two'), 'stall'], answers] });
    const begun = run.clock.now();
    expect(await run.outcome()).toMatchObject({ thinkingEndedBy: 'deadline', timing: { totalMs: 20_000 } });
    expect(run.engine.requests[1]?.at).toBe(begun + 5000);
  });

  test('a budget that is over before is no matter of time', async () => {
    const run = start({ tokens, budget: 5, maxSeconds: 30, scripts: [forEver(tokens, ' hm'), answers] });
    expect(await run.outcome()).toMatchObject({ thinkingEndedBy: 'budget', warnings: [] });
  });

  test('without a limit no timer is set, however slow it is', async () => {
    const run = start({ tokens, scripts: [[{ wait: 3_600_000 }, ...say('one</think>It is 42.'), stop]] });
    await run.clock.advance(1000);
    expect(run.clock.timers).toBe(1); // the script's own
    expect(await run.outcome()).toMatchObject({ answer: 'It is 42.', timing: { totalMs: 3_600_000 } });
  });
});

describe('the time is over before there is an answer', () => {
  test('no token by the time thinking has to end', async () => {
    const run = start({ tokens, maxSeconds: 30, scripts: [['stall']] });
    const begun = run.clock.now();
    expect(await run.error()).toMatchObject({ ...timedOut, partial: { thinkingTokens: 0, reasoning: '' } });
    expect(elapsed(run, begun)).toBe(20_000);
    expect(run.engine.requests[0]?.aborted).toBe(true);
  });

  test('no token of a model that opens thinking itself', async () => {
    const run = start({ tokens, maxSeconds: 30, state: 'none', scripts: [['stall']] });
    expect(await run.error()).toBeInstanceOf(EngineTimeoutError);
  });

  test('thinking is off, and no token comes until the end', async () => {
    const run = start({ tokens, budget: 0, maxSeconds: 30, scripts: [['stall']] });
    const begun = run.clock.now();
    expect(await run.error()).toMatchObject(timedOut);
    expect(elapsed(run, begun)).toBe(30_000);
  });

  test('an answer of white space at the deadline', async () => {
    const run = start({ tokens, maxSeconds: 30, scripts: [[...say('one two</think>\n\n'), 'stall']] });
    const begun = run.clock.now();
    expect(await run.error()).toMatchObject({
      ...timedOut,
      partial: { runId: 'a-run', thinkingTokens: 2, reasoning: 'one two' },
    });
    expect(elapsed(run, begun)).toBe(30_000);
  });

  test('silence after a cut', async () => {
    const run = start({ tokens, budget: 2, maxSeconds: 30, scripts: [forEver(tokens, ' hm'), ['stall']] });
    expect(await run.error()).toMatchObject({ ...timedOut, partial: { thinkingTokens: 2, reasoning: ' hm hm' } });
    expect(run.engine.requests.map(({ aborted }) => aborted)).toEqual([true, true]);
  });

  test.each([
    { name: 'asked what it is', part: 'describe' },
    { name: 'rendering', part: 'render' },
  ] as const)('an engine that never returns when $name', async ({ part }) => {
    const never =
      part === 'describe'
        ? { describe: ({ signal }: { signal: AbortSignal }) => silence(signal) }
        : { render: (_: unknown, __: boolean, { signal }: { signal: AbortSignal }) => silence(signal) };
    const run = start({ tokens, maxSeconds: 30, waitedMs: 10_000, scripts: [], ...never });
    const begun = run.clock.now();
    expect(await run.error()).toMatchObject({ ...timedOut, partial: { runId: 'a-run', thinkingTokens: 0 } });
    expect(elapsed(run, begun)).toBe(20_000);
  });

  test('waiting before the run has used it all, so nothing is asked for any more', async () => {
    const run = start({ tokens, maxSeconds: 30, waitedMs: 31_000, scripts: [] });
    expect(await run.error()).toMatchObject(timedOut);
  });
});

describe('the answer is cut by the deadline: what came is the answer', () => {
  test('of a model that closed thinking itself', async () => {
    const script = [...say('one</think>'), ...saysSlowly(tokens, 'a b c d e', 10_000)];
    const run = start({ tokens, maxSeconds: 30, scripts: [script] });
    const begun = run.clock.now();
    expect(await run.outcome()).toMatchObject({
      thinkingEndedBy: 'model',
      answer: expect.stringMatching(/^a b( c)?$/) as string,
      answerEndedBy: 'deadline',
    });
    expect(elapsed(run, begun)).toBe(30_000);
    expect(run.engine.requests[0]?.aborted).toBe(true);
  });

  test('after a cut', async () => {
    const script = [...saysSlowly(tokens, 'a b', 1000), 'stall' as const];
    const run = start({ tokens, budget: 2, maxSeconds: 30, scripts: [forEver(tokens, ' hm'), script] });
    expect(await run.outcome()).toMatchObject({ thinkingEndedBy: 'budget', answer: 'a b', answerEndedBy: 'deadline' });
  });

  test('after a connection was lost', async () => {
    const run = start({ tokens, maxSeconds: 30, scripts: [[...say('one</think>a b'), lost], ['stall']] });
    expect(await run.outcome()).toMatchObject({ answer: 'a b', answerEndedBy: 'deadline', requests: 2 });
  });

  test('with thinking off', async () => {
    const run = start({ tokens, budget: 0, maxSeconds: 30, scripts: [[...say('a b'), 'stall']] });
    expect(await run.outcome()).toMatchObject({ answer: 'a b', answerEndedBy: 'deadline' });
  });
});

// what broke then would be caught by nobody while the last chunk is detokenized, and would end the process
test('a stream is not read any further when the deadline has come with its last chunk', async () => {
  let readOn = false;
  function* script(): Generator<Step> {
    yield { wait: 30_000 };
    yield* inChunks(tokens, tokens.encode('a b c'), [3]);
    readOn = true;
    yield lost;
  }
  const run = start({ tokens, budget: 0, maxSeconds: 30, scripts: [script()] });
  expect(await run.outcome()).toMatchObject({ answer: 'a b c', answerEndedBy: 'deadline' });
  expect(readOn).toBe(false);
});

test.each([
  { name: 'to cut a thought', text: 'a b c d e f' },
  { name: 'to find where the answer begins', text: 'a</think>b' },
])('an engine that never returns when it detokenizes $name does not outlast the deadline', async ({ text }) => {
  const run = start({
    tokens,
    budget: 3,
    maxSeconds: 30,
    scripts: [[...inChunks(tokens, tokens.encode(text), [99]), 'stall']],
    decode: (_, { signal }) => silence(signal),
  });
  const begun = run.clock.now();
  try {
    expect(await run.error()).toBeInstanceOf(Error);
    expect(elapsed(run, begun)).toBeLessThanOrEqual(30_000);
  } finally {
    run.cancel();
  }
});
