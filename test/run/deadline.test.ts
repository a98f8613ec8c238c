import { describe, expect, test } from 'vitest';
import type { Piece } from '../../src/engine/engine.ts';
import { EngineTimeoutError } from '../../src/errors.ts';
import { finish, forEver, inChunks, says, saysSlowly, turnEnds } from '../support/chunks.ts';
import { EvidenceOfServers } from '../../src/evidence/evidence.ts';
import type { TimedRequest } from '../../src/evidence/speed-model.ts';
import { FakeClock } from '../support/fake-clock.ts';
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

type Earlier = {
  readonly usual?: number | undefined;
  readonly firstTokenMs?: number | undefined;
  readonly continuationMs?: number | undefined;
  readonly msPerToken?: number | undefined;
};

/** Three earlier runs on the same server. */
function measured(evidence: EvidenceOfServers, { usual, firstTokenMs, continuationMs, msPerToken }: Earlier): void {
  const request = (waitMs: number): TimedRequest => ({
    askedAt: 0,
    reading: {
      firstTokenAt: waitMs,
      lastTokenAt: waitMs + (msPerToken ?? 0),
      firstTokens: 1,
      trail: { tokens: msPerToken === undefined ? 1 : 2 },
    },
  });
  const first = firstTokenMs ?? (continuationMs === undefined ? [] : 0);
  const requests = [first, continuationMs ?? []].flat().map(request);
  const question = { system: [], user: [{ from: 'theirs', text: 'What is it?' }] } as const;
  for (let run = 0; run < 3; run += 1) {
    evidence.of('a server').speed.add({ question, requests, answerTokens: usual }, new FakeClock().now());
  }
}

/** Since the run began. */
function elapsed({ clock }: Started, begun: number): number {
  return clock.now() - begun;
}

const timedOut = { code: 'ENGINE_TIMEOUT', hint: expect.stringContaining('max_seconds') as string };

describe('thinking ends in time for the answer', () => {
  test.each([
    { name: 'first-token time and answer at the measured speed, and a quarter more', answerTokens: 50, cutAt: 23_500 },
    { name: 'at most a third of what is left, while no answer was seen', answerTokens: 1000, cutAt: 21_000 },
    { name: 'right at a third', answerTokens: 70, cutAt: 21_000 },
    { name: 'just below a third', answerTokens: 60, cutAt: 22_250 },
    { name: 'an answer as long as they usually are', answerTokens: 1000, usual: 20, cutAt: 27_250 },
    { name: 'at most two thirds, if answers are long here', answerTokens: 1000, usual: 900, cutAt: 11_000 },
    { name: 'the wait of requests that continue another', answerTokens: 50, waitMs: 200, cutAt: 24_500 },
    { name: 'the whole wait, if there is one', answerTokens: 50, waitMs: 14_400, cutAt: 9000 },
    { name: 'a tenth of the whole time at least', answerTokens: 50, usual: 1, waitMs: 10, cutAt: 27_900 },
  ])('reserved: $name', async ({ answerTokens, cutAt, usual, waitMs }) => {
    const evidence = new EvidenceOfServers();
    measured(evidence, { usual, continuationMs: waitMs });
    const run = start({
      tokens,
      evidence,
      answerTokens,
      maxSeconds: 31,
      budget: 1000,
      scripts: [steadily(forEver(tokens, ' hm'), 1000, 100), answers],
    });
    const begun = run.clock.now();
    expect(await run.outcome()).toMatchObject({ thinkingEndedBy: 'deadline', answerEndedBy: 'stop' });
    expect(run.engine.requests.map(({ at }) => at - begun)).toEqual([0, cutAt]);
  });

  test.each([
    { name: 'too few tokens have come to measure a speed', count: 7, cutAt: 21_000 },
    { name: 'as many have come as make a speed', count: 8, cutAt: 23_500 },
  ])('a third of the time left is reserved while $name', async ({ count, cutAt }) => {
    const pieces = say(' hm'.repeat(count));
    const run = start({ tokens, maxSeconds: 31, scripts: [[...steadily(pieces, 1000, 100), 'stall'], answers] });
    const begun = run.clock.now();
    expect(await run.outcome()).toMatchObject({ thinkingEndedBy: 'deadline', counts: { thinking: count } });
    expect(run.engine.requests[1]?.at).toBe(begun + cutAt);
  });

  test('a server that becomes slower leaves less time: the recent speed counts', async () => {
    const fast = steadily(say(' hm'.repeat(50)), 1000, 10);
    const slow = steadily(say(' hm'.repeat(400)), 100, 100);
    const run = start({
      tokens,
      answerTokens: 50,
      maxSeconds: 31,
      budget: 1000,
      scripts: [[...fast, ...slow], answers],
    });
    const begun = run.clock.now();
    expect(await run.outcome()).toMatchObject({ thinkingEndedBy: 'deadline' });
    // as if it had been slow all the time
    expect(run.engine.requests.map(({ at }) => at - begun)).toEqual([0, 23_500]);
  });

  test('with the speed of earlier runs, the first tokens are enough', async () => {
    const evidence = new EvidenceOfServers();
    measured(evidence, { usual: 20, continuationMs: 200, msPerToken: 100 });
    const run = start({
      tokens,
      evidence,
      maxSeconds: 31,
      scripts: [[...steadily(say(' hm hm'), 1000, 100), 'stall'], answers],
    });
    const begun = run.clock.now();
    const { timing } = await run.outcome();
    expect(run.engine.requests[1]?.at).toBe(begun + 31_000 - 3100);
    expect(timing).toMatchObject({ deadlineMs: 31_000 });
  });

  test.each([
    { name: 'not measured', earlier: {}, planned: 1000 },
    {
      name: 'of earlier runs',
      earlier: { firstTokenMs: 1000, continuationMs: 1000, msPerToken: 100, usual: 50 },
      planned: 225,
    },
  ])('planned thinking: the speed is $name', async ({ earlier, planned }) => {
    const evidence = new EvidenceOfServers();
    measured(evidence, earlier);
    const run = start({
      tokens,
      evidence,
      answerTokens: 50,
      maxSeconds: 31,
      budget: 1000,
      scripts: [steadily(forEver(tokens, ' hm'), 1000, 100), answers],
    });
    expect((await run.outcome()).timing.plannedThinkingTokens).toBe(planned);
  });

  test('a call that other calls wait for ends its thinking at its turn', async () => {
    const run = start({
      tokens,
      answerTokens: 50,
      maxSeconds: 31,
      budget: 1000,
      turnEnds: (at) => at - 15_000,
      scripts: [steadily(forEver(tokens, ' hm'), 1000, 100), answers],
    });
    const begun = run.clock.now();
    const { warnings } = await run.outcome();
    // a third of the turn
    expect(run.engine.requests[1]?.at).toBe(begun + 11_000);
    expect(warnings.join()).toContain('the time that other waiting calls need, not the thinking budget of 1000');
  });

  test.each([
    { what: 'a first token, thinking and an answer', turnMs: 4300, endedBy: 'deadline' },
    { what: 'no thinking', turnMs: 4200, endedBy: 'off' },
  ])('a turn with time for $what: $endedBy', async ({ turnMs, endedBy }) => {
    const evidence = new EvidenceOfServers();
    measured(evidence, { usual: 5, firstTokenMs: 1000, continuationMs: 1000, msPerToken: 100 });
    const isOff = endedBy === 'off';
    const thought = steadily(forEver(tokens, ' hm'), 1000, 100);
    const run = start({
      tokens,
      evidence,
      maxSeconds: 30,
      state: isOff ? 'closed' : 'open',
      turnEnds: (at) => at - 30_000 + turnMs,
      scripts: isOff ? [answers] : [thought, answers],
    });
    const { thinkingEndedBy, warnings } = await run.outcome();
    expect(thinkingEndedBy).toBe(endedBy);
    expect(warnings.join()).toContain(
      isOff ? 'other calls wait for their turn' : 'the time that other waiting calls need',
    );
  });

  test('waiting before the run counts', async () => {
    const run = start({ tokens, maxSeconds: 30, waitedMs: 15_000, scripts: [[...say('one two'), 'stall'], answers] });
    const begun = run.clock.now();
    expect(await run.outcome()).toMatchObject({ thinkingEndedBy: 'deadline', timing: { totalMs: 25_000 } });
    expect(run.engine.requests[1]?.at).toBe(begun + 10_000);
  });

  test('less time than any first token has taken: refused at once, with the time that it takes', async () => {
    const evidence = new EvidenceOfServers();
    measured(evidence, { usual: 5, firstTokenMs: 3000, continuationMs: 100, msPerToken: 10 });
    const started = start({ scripts: [], evidence, maxSeconds: 2, before: 0 });
    const error = await started.error();
    expect(error).toMatchObject({
      ...timedOut,
      message: '2.0 s of the time of this call is left, and the first token of this server takes at least 3.0 s now',
    });
    expect(started.engine.requests).toEqual([]);
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
  test('no token comes until the end: a request that has not begun to answer is not ended for another', async () => {
    const run = start({ tokens, maxSeconds: 30, scripts: [['stall']] });
    const begun = run.clock.now();
    expect(await run.error()).toMatchObject({ ...timedOut, partial: { thinkingTokens: 0, reasoning: '' } });
    expect(elapsed(run, begun)).toBe(30_000);
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
    { name: 'opening a session', part: 'open' },
    { name: 'rendering', part: 'render' },
  ] as const)('an engine that never returns when $name', async ({ part }) => {
    const never =
      part === 'open'
        ? { open: ({ signal }: { signal: AbortSignal }) => silence(signal) }
        : { render: (_: unknown, { signal }: { signal: AbortSignal }) => silence(signal) };
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

test('an engine that never returns when it detokenizes costs two seconds, and no answer', async () => {
  const run = start({
    tokens,
    budget: 3,
    maxSeconds: 30,
    scripts: [[...inChunks(tokens, tokens.encode('a b c d e f'), [2, 99]), 'stall'], answers],
    decode: (_, { signal }) => silence(signal),
  });
  expect(await run.outcome()).toMatchObject({
    reasoning: 'a b',
    answer: 'The answer is 42.',
    counts: { thinking: 2 },
    timing: { totalMs: 2000 },
  });
});

test('an answer within one chunk is there, also if nobody can say where it begins', async () => {
  const run = start({
    tokens,
    maxSeconds: 30,
    scripts: [inChunks(tokens, [...tokens.encode('a</think>It is 42.'), tokens.endOfTurn], [99], finish('stop'))],
    decode: (_, { signal }) => silence(signal),
  });
  expect(await run.outcome()).toMatchObject({ answer: 'It is 42.', countedBy: 'estimate', timing: { totalMs: 2000 } });
});
