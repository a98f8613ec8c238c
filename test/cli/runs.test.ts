/** `thinkmeter runs`, beside servers that write to the same file, and after some that were killed. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import type { FakeVllm } from '../support/fake-vllm/server.ts';
import { connect } from '../support/connect.ts';
import { runProgram } from '../support/program.ts';
import { startFake } from '../support/start-fake.ts';
import { thinks } from '../support/fake-vllm/scripts.ts';

type Listed = { readonly run_id: string; readonly question: string; readonly answer?: string; readonly tool: string };

let fake: FakeVllm;
const folder = mkdtempSync(join(tmpdir(), 'thinkmeter-runs-'));
beforeEach(async () => {
  fake = await startFake({ script: thinks('Two and two.', 'It is 4.') });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const env = (name: string): Record<string, string> => ({ THINKMETER_STATE: join(folder, name) });

const runs = async (name: string, ...args: string[]): Promise<Awaited<ReturnType<typeof runProgram>>> =>
  runProgram({ args: ['runs', ...args], env: env(name) });

async function listed(name: string): Promise<readonly Listed[]> {
  const { stdout } = await runs(name, 'list', '--json');
  return (JSON.parse(stdout) as { runs: readonly Listed[] }).runs;
}

async function ask(question: string, name: string): Promise<void> {
  const asked = await runProgram({ args: ['ask', question, '--base-url', fake.url], env: env(name) });
  expect(asked).toMatchObject({ code: 0 });
}

test('a run can be listed, shown, exported and deleted after its process has ended', async () => {
  await ask('What is 2 + 2?', 'all');
  await ask('And 3 + 3?', 'all');
  const [newest, oldest] = await listed('all');
  expect(newest).toMatchObject({ question: 'And 3 + 3?', answer: 'It is 4.', tool: 'reason' });
  expect((await runs('all')).stdout).toMatch(/^run +time +tool +thinking +answer +question\n/);
  const beginning = oldest?.run_id.slice(0, 8) ?? '';
  expect((await runs('all', 'show', beginning)).stdout).toBe('What is 2 + 2?\n\nTwo and two.\n\nIt is 4.\n');
  const shown = JSON.parse((await runs('all', 'show', beginning, '--json')).stdout) as unknown;
  expect(shown).toMatchObject({ run_id: oldest?.run_id, reasoning: expect.stringContaining('Two') as string });
  expect((await runs('all', 'export')).stdout.trim().split('\n')).toHaveLength(2);
  expect((await runs('all', 'delete', beginning)).stdout).toBe('1 run was deleted\n');
  expect((await listed('all')).map(({ run_id: id }) => id)).toEqual([newest?.run_id]);
  expect((await runs('all', 'delete', '--all')).stdout).toBe('1 run was deleted\n');
  expect((await runs('all')).stdout).toBe('no runs are kept yet\n');
});

test.each([
  { args: ['show', 'none'], says: 'no run has the id none' },
  { args: ['delete'], says: 'no run was named' },
  { args: ['list', '--limit', '0'], says: '--limit is 0' },
])('$args: a sentence, and exit code 2', async ({ args, says }) => {
  const { code, stderr } = await runs('empty', ...args);
  expect(code).toBe(2);
  expect(stderr).toContain(says);
});

test('a file that is none: the command says so; a call is answered, and the status says so', async () => {
  writeFileSync(join(folder, 'garbage'), 'no database '.repeat(1000));
  const { code, stderr } = await runs('garbage');
  expect([code, stderr]).toEqual([1, expect.stringContaining('is not a state file of thinkmeter, or is damaged')]);
  const client = await connect({ fake, env: env('garbage') });
  expect(await client.call('reason', { question: 'What is 2 + 2?' })).toMatchObject({ isError: false });
  await expect
    .poll(async () => JSON.stringify((await client.call('server_status', {})).structured))
    .toContain('is not a state file');
  await client.close();
});

test('a killed server loses no run that was over for a moment, and another one reads it', async () => {
  const one = await connect({ fake, env: env('killed') });
  const { link = '' } = await one.call('reason', { question: 'What is 2 + 2?' });
  await expect.poll(async () => (await listed('killed')).length).toBe(1);
  process.kill(one.pid, 'SIGKILL');
  const other = await connect({ fake, env: env('killed') });
  expect(JSON.parse(await other.read(link))).toMatchObject({
    answer: 'It is 4.',
    reasoning: expect.any(String) as string,
  });
  expect(await other.listRuns()).toEqual([link]);
  await other.close();
});

test("a server's speed is known to the next process", async () => {
  const first = await connect({ fake, env: env('speed') });
  for (let call = 0; call < 4; call += 1) await first.call('reason', { question: 'What is 2 + 2?' });
  await first.close();
  const next = await connect({ fake, env: env('speed') });
  await next.call('reason', { question: 'What is 2 + 2?' });
  const { structured } = await next.call('server_status', {});
  expect(structured).toMatchObject({ speed: { first_token_ms: expect.any(Number) as number } });
  await next.close();
});

test('four servers write to one file at the same time', async () => {
  const servers = await Promise.all(Array.from({ length: 4 }, () => connect({ fake, env: env('four') })));
  const calls = servers.flatMap((server) =>
    Array.from({ length: 25 }, () => server.call('reason', { question: 'What is 2 + 2?' })),
  );
  const results = await Promise.all(calls);
  expect(results.filter(({ isError }) => isError)).toEqual([]);
  await Promise.all(servers.map((server) => server.close()));
  expect(await listedAtMost('four', 1000)).toBe(100);
});

async function listedAtMost(name: string, most: number): Promise<number> {
  const { stdout } = await runs(name, 'list', '--json', '--limit', String(most));
  return (JSON.parse(stdout) as { runs: readonly unknown[] }).runs.length;
}
