/** `thinkmeter tune` and `thinkmeter profiles`, on the demo models. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { tuneResultSchema } from '../../src/tuning/schema.ts';
import { problems } from '../bench/problems.ts';
import { runProgram } from '../support/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'thinkmeter-tune-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const env = { THINKMETER_STATE: join(folder, 'state.db') };

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const lines = (count: number): string =>
  problems(count, 21)
    .map(({ question, answer }) => JSON.stringify({ question, answer: `So it is\n#### ${answer}` }))
    .join('\n');

test('a file of problems: a table, a report, a CSV file, a profile that a question uses', async () => {
  const cases = file('gsm.jsonl', lines(24));
  const out = join(folder, 'report.html');
  const model = ['--engine', 'embedded', '--model', 'models/thinkmeter-demo-doubter'];
  const tuned = await runProgram({
    args: ['tune', cases, ...model, '--budgets', '32,600', '--tolerance', '15', '--save-as', 'sums', '--out', out],
    env,
  });
  expect(tuned).toMatchObject({ code: 0 });
  expect(tuned.stdout).toMatch(/thinkmeter-demo-doubter · 24 cases/);
  expect(tuned.stdout).toMatch(/▶ +600/);
  expect(tuned.stderr).toMatch(/\d+ tokens generated; budget by budget it would have been \d+/);
  expect(readFileSync(out, 'utf8')).toContain('<svg');
  expect(readFileSync(join(folder, 'report.csv'), 'utf8')).toMatch(/^budget,accuracy,/);
  const profiles = JSON.parse((await runProgram({ args: ['profiles', '--json'], env })).stdout) as {
    profiles: { name: string; budget: number; early_stop?: { threshold: number; saving: number } }[];
  };
  expect(profiles.profiles).toMatchObject([{ name: 'sums', budget: 600 }]);
  // the doubter checks its result again and again
  expect(profiles.profiles[0]?.early_stop?.saving).toBeGreaterThan(0.3);
  const asked = await runProgram({ args: ['ask', '12 + 30 * 4 = ?', ...model, '--profile', 'sums', '--json'], env });
  expect(JSON.parse(asked.stdout)).toMatchObject({
    answer: expect.stringContaining('132') as string,
    thinking: { budget: 600, ended_by: 'sure' },
  });
  expect((await runProgram({ args: ['profiles'], env })).stdout).toMatch(/^profile +budget +right/);
  expect((await runProgram({ args: ['profiles', 'delete', 'sums'], env })).stdout).toBe(
    'the profile sums was deleted\n',
  );
  expect((await runProgram({ args: ['profiles'], env })).stdout).toContain('no profiles are kept yet');
}, 180_000);

test('as JSON, it is the result of the tool', async () => {
  const args = ['tune', file('few.jsonl', lines(2)), '--engine', 'demo', '--budgets', '0', '--json'];
  const { stdout, code } = await runProgram({ args, env });
  expect(code).toBe(0);
  const result = tuneResultSchema.parse(JSON.parse(stdout));
  expect(result.budgets.map(({ budget }) => budget)).toEqual([0, null]);
  expect(result).toMatchObject({ cases: 2, recommended: null });
});

test.each([
  { args: ['no-such-file'], says: 'the file no-such-file does not exist' },
  { args: [file('a.csv', 'question,expected\n"a,1\n')], says: 'line' },
  { args: [file('b.jsonl', '{"question":"x"}')], says: 'expected' },
  { args: [file('c.jsonl', lines(1)), '--match', 'exactly'], says: '--match is exactly' },
  { args: [file('d.jsonl', lines(1)), '--budgets', '1,x'], says: '--budgets is 1,x' },
  { args: [file('e.jsonl', lines(1)), '--repeats', '0'], says: '--repeats is 0' },
  {
    args: [
      file(
        'f.jsonl',
        '{"task_id":"HumanEval/0","prompt":"def f","canonical_solution":"x","test":"y","entry_point":"f"}',
      ),
    ],
    says: 'code',
  },
])('$says: a sentence, and exit code 2', async ({ args, says }) => {
  const ended = await runProgram({ args: ['tune', ...args, '--engine', 'demo'], env });
  expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining(says) as string });
});
