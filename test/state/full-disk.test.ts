/** A full disk at any moment: calls are answered, the reason is shown, and with new space runs are kept again. */
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { RunResult } from '../../src/report/result.ts';
import { openDatabase } from '../../src/state/database.ts';
import { connect, type Connection } from '../support/connect.ts';
import { neverStopsThinking, thinks } from '../support/fake-vllm/scripts.ts';
import { runProgram } from '../support/program.ts';
import { mountSmallDisk, type SmallDisk } from '../support/small-disk.ts';
import { startFake } from '../support/start-fake.ts';
import { receivedRuns } from './received-runs.ts';

const WHY = 'cannot grow: the disk is full';
const LONG = thinks('Two and two, that is four.\n'.repeat(40), 'It is 4.');
const mounted = mountSmallDisk(2);
const disk = mounted as SmallDisk;

if (mounted === undefined)
  process.stderr.write('test/state/full-disk.test.ts is skipped: no tmpfs can be mounted here\n');
afterAll(() => mounted?.unmount());

let path: string;
let count = 0;
beforeEach(() => {
  mounted?.free();
  if (path !== undefined) for (const end of ['', '-wal', '-shm']) rmSync(`${path}${end}`, { force: true });
  path = join(mounted?.folder ?? '', `${(count += 1)}.db`);
});

const env = (): Record<string, string> => ({ THINKMETER_STATE: path });

const status = async (client: Connection): Promise<string> =>
  JSON.stringify((await client.call('server_status', {})).structured);

async function ask(client: Connection, args: Readonly<Record<string, unknown>> = {}): Promise<RunResult> {
  const result = await client.call('reason', { question: 'What is 2 + 2?', ...args });
  expect(result).toMatchObject({ isError: false });
  return result.structured as RunResult;
}

const program = (...args: string[]): ReturnType<typeof runProgram> => runProgram({ args, env: env() });

async function commandsSay(why: string): Promise<void> {
  for (const name of ['runs', 'usage']) {
    // oxlint-disable-next-line no-await-in-loop -- one process after the other
    const { code, stderr } = await program(name);
    expect([name, code, stderr]).toEqual([name, 1, expect.stringContaining(why)]);
  }
}

type Listed = { readonly run_id: string; readonly answer?: string; readonly thinking: { readonly tokens: number } };

async function listed(): Promise<readonly Listed[]> {
  const { stdout, stderr, code } = await program('runs', '--json', '--limit', '1000');
  expect([code, stderr]).toEqual([0, '']);
  return (JSON.parse(stdout) as { runs: readonly Listed[] }).runs;
}

async function isSound(): Promise<void> {
  const database = await openDatabase(path);
  expect(database.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
  database.close();
}

describe.skipIf(mounted === undefined)('a disk of 2 MB', () => {
  test('full before the first call', async () => {
    const fake = await startFake({ script: LONG });
    disk.fill();
    const client = await connect({ fake, env: env() });
    await ask(client);
    await expect.poll(() => status(client)).toContain(WHY);
    await ask(client);
    await client.close();
    await commandsSay(WHY);
    disk.free();
    const next = await connect({ fake, env: env() });
    const { run_id: id } = await ask(next);
    await next.close();
    expect((await listed()).map(({ run_id }) => run_id)).toEqual([id]);
    await isSound();
  });

  test('full between calls: what was kept before is still there', async () => {
    const fake = await startFake({ script: LONG });
    const client = await connect({ fake, env: env() });
    const { run_id: before } = await ask(client);
    await expect.poll(async () => (await listed()).length).toBe(1);
    disk.fill();
    // the write-ahead log has some space that is already its own
    for (let call = 0; call < 100 && !(await status(client)).includes(WHY); call += 1) await ask(client);
    expect(await status(client)).toContain(WHY);
    await ask(client);
    const { run_id: last } = await ask(client);
    expect(JSON.parse(await client.read(`thinkmeter://runs/${last}`))).toMatchObject({ answer: 'It is 4.' });
    await client.close();
    disk.free();
    const next = await connect({ fake, env: env() });
    const { run_id: after } = await ask(next);
    await next.close();
    const ids = (await listed()).map(({ run_id: id }) => id);
    expect([ids[0], ids.at(-1)]).toEqual([after, before]);
    const { stdout } = await program('usage', '--json');
    expect((JSON.parse(stdout) as { total: { calls: number } }).total.calls).toBeGreaterThanOrEqual(2);
    await isSound();
  });

  test('full while the thinking of a running call is written: what was written is whole, and can be continued', async () => {
    const fake = await startFake({ script: neverStopsThinking(), msPerToken: 8 });
    const client = await connect({ fake, env: env() });
    const running = ask(client, { thinking_budget: 1200 });
    await expect.poll(() => receivedRuns(path)).toBe(1);
    disk.fill();
    const { run_id: id } = await running;
    await expect.poll(() => status(client)).toContain(WHY);
    await client.close();
    disk.free();
    const [left, ...more] = await listed();
    expect([left?.run_id, more]).toEqual([id, []]);
    const next = await connect({ fake, env: env() });
    const continued = await ask(next, { continue_run: id, thinking_budget: 16 });
    expect(continued.usage.reused_tokens).toBe(left?.thinking.tokens);
    await next.close();
    await isSound();
  });

  test('runs that fill the disk by themselves', async () => {
    const fake = await startFake({ script: thinks('Two and two, that is four.\n'.repeat(150), 'It is 4.') });
    const client = await connect({ fake, env: env() });
    for (let call = 0; call < 200 && !(await status(client)).includes(WHY); call += 1) {
      await ask(client, { question: `${'Mind every word. '.repeat(40)} What is 2 + 2?`, thinking_budget: 1500 });
    }
    expect(await status(client)).toContain(WHY);
    await ask(client);
    await client.close();
    const { code, stderr } = await program('runs', 'delete', '--all');
    expect([code, stderr]).toEqual([1, expect.stringContaining(WHY)]);
    disk.resize(8);
    await isSound();
    expect((await program('runs', 'delete', '--all')).code).toBe(0);
    expect(statSync(path).size).toBeLessThan(100_000);
    const next = await connect({ fake, env: env() });
    await ask(next);
    await next.close();
    expect(await listed()).toHaveLength(1);
  });
});
