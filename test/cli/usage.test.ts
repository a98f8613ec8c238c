/** `thinkmeter usage`, over what real calls of several processes left behind. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runProgram } from '../support/program.ts';
import { startFakeVllm } from '../support/fake-vllm/server.ts';
import { neverStopsThinking, thinks } from '../support/fake-vllm/scripts.ts';
import { byQuestion } from '../support/by-question.ts';

const folder = mkdtempSync(join(tmpdir(), 'thinkmeter-usage-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const env = { THINKMETER_STATE: join(folder, 'usage.db') };
const prices = { ...env, THINKMETER_PRICE_THINKING: '1000', THINKMETER_PRICE_ANSWER: '1000' };

const usage = (more: Record<string, string>, ...args: string[]): ReturnType<typeof runProgram> =>
  runProgram({ args: ['usage', ...args], env: more });

beforeAll(async () => {
  const script = byQuestion({ loop: neverStopsThinking(), sum: thinks('Two and two, that is four.\n'.repeat(9), '4') });
  const fake = await startFakeVllm({ script });
  try {
    for (const question of ['a sum', 'a sum', 'a loop']) {
      const args = ['ask', question, '--budget', '200', '--base-url', fake.url];
      // oxlint-disable-next-line no-await-in-loop -- one process after the other
      const { code, stderr } = await runProgram({ args, env: prices });
      if (code !== 0) throw new Error(stderr);
    }
  } finally {
    await fake.close();
  }
});

test('a table by day, and the same as JSON', async () => {
  const { stdout, stderr, code } = await usage(prices);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^day +calls +cut +thinking +answer +prompt +cost +saved +a minute +mean\n/);
  expect(stdout).toMatch(/\d{4}-\d{2}-\d{2} +3 +33 % /);
  expect(stderr).toContain('estimated share');
  const { total, lines } = JSON.parse((await usage(prices, '--by', 'tool', '--json')).stdout) as {
    total: { calls: number; cost: number; thinking_tokens: number; answer_tokens: number; other_tokens: number };
    lines: { of: string }[];
  };
  expect(lines.map(({ of }) => of)).toEqual(['reason']);
  expect(total).toMatchObject({ calls: 3 });
  const { thinking_tokens: thinking, answer_tokens: answer, other_tokens: other } = total;
  expect(total.cost).toBeCloseTo((thinking + other + answer) / 1000, 4);
});

test('the month of the guide, from the saving that was seen', async () => {
  const { stdout } = await usage(prices, '--project', '10M');
  expect(stdout).toMatch(/unlimited thinking +10,000,000 +10000\.00/);
  expect(stdout).toMatch(/with your budgets +[\d,]+ +\d+\.\d\d/);
  expect(stdout).toMatch(/saved in a year: \d+/);
  expect(JSON.parse((await usage(prices, '--project', '10M', '--json')).stdout)).toMatchObject({
    without_budgets: { tokens: 10_000_000, cost: 10_000 },
    saving: 'estimated',
  });
});

test.each([
  { args: ['--days', '0'], says: '--days is 0' },
  { args: ['--by', 'hour'], says: '--by is hour. Use day, model, tool' },
  { args: ['--project', 'much'], says: '--project is much' },
])('$args: a sentence, and exit code 2', async ({ args, says }) => {
  expect(await usage(prices, ...args)).toMatchObject({ code: 2, stderr: expect.stringContaining(says) as string });
});

test('without prices, tokens are shown, and a projection says what is missing', async () => {
  expect((await usage(env)).stderr).toMatch(/no prices are set/i);
  expect((await usage(env, '--project', '10M')).stderr).toContain('Set THINKMETER_PRICE_THINKING');
});

test('without calls, and without a file, it says so', async () => {
  expect((await usage({ THINKMETER_STATE: join(folder, 'new.db') })).stdout).toBe('no calls in the last 30 days\n');
  expect((await usage({ THINKMETER_STATE: ':memory:' })).stderr).toContain('nothing is kept');
});
