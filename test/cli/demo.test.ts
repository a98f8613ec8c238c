/** `thinkmeter demo`: two problems under five budgets, by the real model, through the real server. */
import { expect, onTestFinished, test } from 'vitest';
import { neverStopsThinking } from '../support/fake-vllm/scripts.ts';
import { startFakeVllm } from '../support/fake-vllm/server.ts';
import { runProgram } from '../support/program.ts';

const ROW = /^ *(?<budget>\d+) +(?<tokens>\d+) {2}(?<ended>\w+) +(?<answer>.+?) +(?<verdict>right|wrong) +\d+ ms$/;

test('the table shows budgets that hold, and 1203 right at 512', async () => {
  const { code, stdout, stderr } = await runProgram({ args: ['demo'] });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const rows = stdout.split('\n').flatMap((line) => {
    const { groups } = ROW.exec(line) ?? {};
    return groups === undefined ? [] : [groups];
  });
  expect(rows.map((row) => Number(row['budget']))).toEqual([0, 64, 128, 256, 512, 0, 64, 128, 256, 512]);
  for (const row of rows) expect(Number(row['tokens'])).toBeLessThanOrEqual(Number(row['budget']));
  expect(rows[4]).toMatchObject({ answer: 'The answer is 1203.', verdict: 'right', ended: 'model' });
  expect(rows[0]).toMatchObject({ tokens: '0', ended: 'off', verdict: 'wrong' });
  expect(rows[9]).toMatchObject({ answer: 'The answer is 4744.', verdict: 'right' });
  expect(stdout).toContain('(thinkmeter-demo; right: 1203)');
  expect(stdout).toMatch(
    /\n\nNext:\n {2}node dist\/main\.js init +adds .+\n {2}node dist\/main\.js doctor +finds and tests .+\n$/,
  );
});

test('with another engine it shows that server, by the same questions', async () => {
  const fake = await startFakeVllm({ script: neverStopsThinking(undefined, 'It is 1,203 or 1203.') });
  onTestFinished(() => fake.close());
  const { code, stdout } = await runProgram({ args: ['demo', '--engine', 'vllm', '--base-url', fake.url] });
  expect(code).toBe(0);
  expect(stdout).toMatch(/ 512 +\d+ {2}budget +It is 1,203 or 1203\. +right/);
});

test('a server that is not there ends it with 1 and the sentence of the call', async () => {
  const { code, stderr } = await runProgram({ args: ['demo', '--engine', 'vllm', '--base-url', 'http://127.0.0.1:2'] });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^thinkmeter: No server answers at http:\/\/127\.0\.0\.1:2\. Start vLLM/m);
  expect(stderr).not.toContain('\n    at ');
});
