/** `npm run bench:writers` for a moment: no run is lost when several servers write to one file. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { ROOT } from '../support/program.ts';

test('every run of four servers is in the file once, and counted', () => {
  const args = ['--import', 'tsx', 'test/bench/writers.ts', '--seconds', '2'];
  const printed = execFileSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
  const [, made, kept, counted] =
    /calls (\d+), runs in the file (\d+), calls in usage (\d+), integrity ok/.exec(printed) ?? [];
  expect(Number(made)).toBeGreaterThan(0);
  expect([kept, counted]).toEqual([made, made]);
});
