/** `tune_budget` as clients call it: what is measured, recommended, kept and resumed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { tuneResultSchema } from '../../src/tuning/schema.ts';
import type { TuneResult } from '../../src/tuning/values.ts';
import { connect, type CallResult, type Connection } from '../support/connect.ts';
import type { Script } from '../support/fake-vllm/generation.ts';
import type { FakeVllm } from '../support/fake-vllm/server.ts';
import { errorSentence, runResult } from '../support/results.ts';
import { startFake } from '../support/start-fake.ts';

const folder = mkdtempSync(join(tmpdir(), 'thinkmeter-tune-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let number = 0;
let state: string;
beforeEach(() => void (state = join(folder, `${(number += 1)}.db`)));

/**
 * Thinks in lines of 12 tokens, as many as the question says. `isPatient`: it is right only if it thought to the end.
 */
const counts =
  (isPatient: boolean): Script =>
  ({ text }) => {
    const lines = Number(/lines: (\d+)/.exec(text)?.[1] ?? 1);
    const whole = `${'Hm, one more line.\n'.repeat(lines)}</think>\n\nThe answer is ${lines}.`;
    const begun = text.slice(text.lastIndexOf('<think>\n') + '<think>\n'.length);
    return whole.startsWith(begun) ? whole.slice(begun.length) : `The answer is ${isPatient ? 0 : lines}.`;
  };
const counting = counts(true);

/** Fails once. */
function dying(atRequest: number): Script {
  let requests = 0;
  return (prompt) => {
    requests += 1;
    if (requests === atRequest) throw new Error('out of memory');
    return counting(prompt);
  };
}

const cases = (count: number): { question: string; expected: string }[] =>
  Array.from({ length: count }, (_, index) => ({
    question: `Case ${index}, lines: ${2 + (index % 4)}`,
    expected: `${2 + (index % 4)}`,
  }));

async function open(fake: FakeVllm, env: Record<string, string> = {}): Promise<Connection> {
  const client = await connect({ fake, env: { THINKMETER_STATE: state, THINKMETER_MAX_SECONDS: '0', ...env } });
  onTestFinished(() => client.close());
  return client;
}

function resultOf({ isError, structured, text, link }: CallResult): TuneResult & { text: string } {
  expect({ isError, text }).toMatchObject({ isError: false });
  const result = tuneResultSchema.parse(structured);
  expect(link).toBe(`thinkmeter://tunings/${result.tuning_id}`);
  return { ...(result as TuneResult), text };
}

test('the cheapest budget that loses nothing is recommended, saved, and used by its name', async () => {
  const fake = await startFake({ script: counting });
  const client = await open(fake);
  const args = { cases: cases(40), budgets: [0, 8, 200, 100], tolerance_points: 10, save_as: 'lines' };
  const call = await client.call('tune_budget', args);
  const result = resultOf(call);
  expect(result.budgets.map(({ budget, accuracy }) => `${budget} ${accuracy}`)).toEqual([
    '0 0',
    '8 0',
    '100 1',
    '200 1',
    'null 1',
  ]);
  expect(result).toMatchObject({ recommended: { budget: 100, loss_points: 0 }, saved_as: 'lines', repeats: 1 });
  expect(result.tokens.naive).toBeGreaterThan(result.tokens.generated * 1.5);
  expect(result.text).toMatch(/^100 thinking tokens lose nothing and save nothing of unlimited thinking\./);
  expect(call.parts).toBe(3);
  const run = runResult(await client.call('reason', { question: 'Case 1, lines: 3', profile: 'lines' }));
  expect(run.thinking.budget).toBe(100);
  const read = JSON.parse(await client.read(call.link ?? '')) as { results: object[]; tuning_id: string };
  expect(read).toMatchObject({ tuning_id: result.tuning_id, results: { length: result.cases } });
});

test.each([
  {
    what: 'sure at each line end',
    margin: (before: string) => (before.endsWith('\n') ? 1 : 9),
    misbehave: {},
    early: true,
  },
  { what: 'never sure', margin: () => 18, misbehave: {}, early: false },
  {
    what: 'sure, on a server that reports no margins',
    margin: () => 1,
    misbehave: { noCompletions: true },
    early: false,
  },
])(
  'a model that is $what: an early stop is saved: $early',
  async ({ margin, misbehave, early }) => {
    const client = await open(await startFake({ script: counts(false), margin, misbehave }));
    const args = { cases: cases(40), budgets: [16], tolerance_points: 10, save_as: 'a' };
    expect(resultOf(await client.call('tune_budget', args))).toMatchObject({
      saved_as: 'a',
      recommended: { budget: 16 },
    });
    const call = client.call('reason', { question: 'Case 1, lines: 3', profile: 'a', early_stop: true });
    const { isError, text } = await call;
    expect({ isError, text }).toEqual({
      isError: !early,
      text: expect.stringMatching(early ? /3/ : /has no threshold/),
    });
  },
  60_000,
);

test('a profile outlives the process, is the default if the operator says so, and names the model that made it', async () => {
  const fake = await startFake({ script: counting });
  const client = await open(fake);
  resultOf(await client.call('tune_budget', { cases: cases(40), budgets: [100], tolerance_points: 10, save_as: 'a' }));
  await client.close();
  const later = await open(fake, { THINKMETER_PROFILE: 'a' });
  const question = 'Case 1, lines: 3';
  expect(runResult(await later.call('reason', { question })).thinking.budget).toBe(100);
  expect(runResult(await later.call('reason', { question, thinking_budget: 7 })).thinking.budget).toBe(7);
  expect(runResult(await later.call('answer_fast', { question })).thinking.budget).toBe(0);
  const both = runResult(await later.call('reason', { question, profile: 'a', thinking_budget: 9 }));
  expect(both).toMatchObject({ thinking: { budget: 9 }, warnings: [expect.stringContaining('profile was ignored')] });
  const sentence = errorSentence(await later.call('reason', { question, profile: 'b' }));
  expect(sentence).toBe('there is no profile named b. Use one of: a.');
});

test('with too few cases the number that is needed is named, and nothing is saved', async () => {
  const client = await open(await startFake({ script: counting }));
  const result = resultOf(await client.call('tune_budget', { cases: cases(4), budgets: [100], save_as: 'x' }));
  expect(result).toMatchObject({ recommended: null, cases_needed: 268, cases: 4 });
  expect(result.saved_as).toBeUndefined();
  expect(result.warnings.join()).toContain('nothing was saved as x');
});

test('time that is over gives what is certain so far, and the same call goes on from there', async () => {
  // one after the other, 30 cases take at least eight seconds
  const fake = await startFake({ script: counting, msPerToken: 5 });
  const client = await open(fake, { THINKMETER_CONCURRENCY: '1' });
  const args = { cases: cases(30), budgets: [100], tolerance_points: 20 };
  const first = resultOf(await client.call('tune_budget', { ...args, max_seconds: 3 }));
  expect(first.cases).toBeLessThan(30);
  expect(first.warnings.join()).toContain('call again with the same cases');
  await client.close();
  const second = resultOf(await (await open(fake)).call('tune_budget', args));
  expect(second).toMatchObject({ tuning_id: first.tuning_id, cases: 30 });
  expect(second.warnings.join()).toMatch(/\d+ results come from an earlier tuning/);
  expect(second.tokens.generated).toBeGreaterThan(first.tokens.generated);
});

test('a server that dies half-way: the error says that finished cases are kept, and the tuning resumes', async () => {
  const fake = await startFake({ script: dying(9) });
  const client = await open(fake, { THINKMETER_CONCURRENCY: '1' });
  const args = { cases: cases(20), budgets: [100], tolerance_points: 20 };
  const sentence = errorSentence(await client.call('tune_budget', args));
  expect(sentence).toMatch(/\d+ of 20 cases are finished and kept: the same call goes on from there/i);
  const result = resultOf(await client.call('tune_budget', args));
  expect(result.cases).toBe(20);
  expect(result.warnings.join()).toMatch(/[1-9]\d* results come from an earlier tuning/);
});

test.each([
  { what: 'the same model at another address', env: {}, resumes: true },
  { what: 'another model', env: {}, servedName: 'other', resumes: false },
  { what: 'another sampling', env: { THINKMETER_TEMPERATURE: '0.5' }, resumes: false },
])(
  'an unfinished tuning and $what: it is continued: $resumes',
  async ({ env, servedName, resumes }) => {
    const args = { cases: cases(20), budgets: [100], tolerance_points: 20 };
    const client = await open(await startFake({ script: dying(9) }), { THINKMETER_CONCURRENCY: '1' });
    errorSentence(await client.call('tune_budget', args));
    await client.close();
    const fake = await startFake({ script: counting, ...(servedName && { servedName }) });
    const { warnings } = resultOf(await (await open(fake, env)).call('tune_budget', args));
    expect(warnings.some((warning) => warning.includes('earlier tuning'))).toBe(resumes);
  },
  60_000,
);

test('over chat completions each budget is run by itself, and a warning says so', async () => {
  const misbehave = { noTokenize: true, noTokenIds: true, noCompletions: true };
  const client = await open(await startFake({ script: counting, misbehave }));
  const { warnings, tokens } = resultOf(await client.call('tune_budget', { cases: cases(4), budgets: [100] }));
  expect(warnings).toContainEqual(expect.stringContaining('cannot continue a thought exactly'));
  expect(tokens.naive).toBe(tokens.generated);
});

test('budgets that are certainly worse are dropped, and take no more tokens', async () => {
  const client = await open(await startFake({ script: counting }));
  const result = resultOf(await client.call('tune_budget', { cases: cases(60), budgets: [8, 100] }));
  expect(result.warnings.join()).toMatch(/certainly worse were dropped \(error rate 1 %\): 8 after \d+ cases/);
  expect(result.budgets[0]).toMatchObject({ budget: 8, accuracy: 0 });
});

test.each([
  { args: { cases: [] }, says: /cases/ },
  { args: { cases: Array.from({ length: 201 }, () => ({ question: 'x', expected: '1' })) }, says: /200/ },
  { args: { cases: [{ question: 'x' }] }, says: /expected/ },
  { args: { cases: [{ question: 'x', expected: 'y' }] }, says: /case 1: expected is "y", which contains no number/i },
  {
    args: { cases: [{ question: 'x', expected: '(' }], match: 'regex' },
    says: /case 1.*regex|case 1.*compile|case 1.*pattern/i,
  },
  { args: { cases: cases(1), save_as: 'a b' }, says: /save_as is "a b"/ },
])('bad input is refused before anything is generated: $says', async ({ args, says }) => {
  const fake = await startFake({ script: counting });
  const client = await open(fake);
  expect(errorSentence(await client.call('tune_budget', args))).toMatch(says);
  expect(fake.requests.filter(({ path }) => path.endsWith('/completions'))).toEqual([]);
});
