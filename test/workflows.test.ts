/** The programs of docs/workflows.md, as they are written there, on the demo model. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ENTRY, ROOT } from './support/program.ts';

const folder = mkdtempSync(join(tmpdir(), 'thinkmeter-workflows-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const THINKMETER = [process.execPath, ENTRY, '--engine', 'demo', '--max-seconds', '0', '--state', ':memory:'];

beforeAll(() => {
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const document = readFileSync(join(ROOT, 'docs/workflows.md'), 'utf8');
  for (const [, name = '', code = ''] of document.matchAll(/```js\n\/\/ (\S+)\n([\s\S]*?)```/g)) {
    writeFileSync(join(folder, name), code);
  }
});

async function run(program: string, input = ''): Promise<{ stdout: string; code: number | null }> {
  const child = spawn(process.execPath, [join(folder, program), ...THINKMETER], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  child.stdin.end(input);
  return { stdout: await text(child.stdout), code: await ended };
}

test('a stream of records is classified and routed, in its order', async () => {
  const { stdout, code } = await run('classify.mjs', '12 * 3 + 40\n\n20 * 9 + 5\n8 + 7\n50 * 4 - 10\n6 * 6\n');
  expect(code).toBe(0);
  const routed = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { record: string; to: string; why: string });
  expect(routed.map(({ record, to, why }) => `${record}: ${why} ${to}`)).toEqual([
    '12 * 3 + 40: The answer is 76. shipping',
    '20 * 9 + 5: The answer is 185. approval',
    '8 + 7: The answer is 15. shipping',
    '50 * 4 - 10: The answer is 190. approval',
    '6 * 6: The answer is 36. shipping',
  ]);
});

test('the parts of a batch are analysed, then combined', async () => {
  const { stdout, code } = await run('analyse.mjs');
  expect(code).toBe(0);
  expect(stdout).toBe(`12 * 3 + 40: The answer is 76.
7 * 8 - 16: The answer is 40.
25 * 9 + 15: The answer is 240.
33 * 9 - 7: The answer is 290.
all together: The answer is 646. (${/\((\d+) thinking/.exec(stdout)?.[1]} thinking tokens)
`);
});
