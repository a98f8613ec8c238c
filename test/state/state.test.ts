/** The state file: what is written is there, whatever else happens to the file, and nothing stops a call. */
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock, type Clock } from '../../src/clock.ts';
import { openDatabase } from '../../src/state/database.ts';
import type { StoredRun } from '../../src/state/rows.ts';
import { State } from '../../src/state/state.ts';

let folder: string;
let opened: State[] = [];
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'thinkmeter-state-'))));
afterEach(async () => {
  await Promise.all(opened.map((state) => state.close()));
  opened = [];
  rmSync(folder, { recursive: true, force: true });
});

type Opened = { readonly state: State; readonly problems: string[] };

function open(
  path = join(folder, 'state.db'),
  limits = { days: 30, megabytes: 100 },
  clock: Clock = systemClock,
): Opened {
  const problems: string[] = [];
  const state = new State({ path, ...limits, clock, onProblem: (problem) => problems.push(problem) });
  opened.push(state);
  return { state, problems };
}

const run = (runId: string, text = 'Hm.'): Omit<StoredRun, 'at'> => ({
  runId,
  tool: 'reason',
  question: 'What is 2 + 2?',
  record: { run_id: runId, answer: '4', reasoning: text },
});

const idsOf = async (state: State): Promise<string[]> => (await state.list(10_000)).map(({ runId }) => runId);

test('a run is there again after the file was closed and opened', async () => {
  const first = open();
  first.state.put(run('a'));
  await first.state.close();
  const { state } = open();
  expect(await state.get('a')).toMatchObject({ ...run('a'), at: expect.any(Number) as number });
  expect(await state.get('b')).toBeUndefined();
});

test('after it was closed, the file itself holds every run: who copies it needs no other file', async () => {
  const { state } = open();
  state.put(run('a'));
  await state.close();
  copyFileSync(join(folder, 'state.db'), join(folder, 'copy.db'));
  expect(await idsOf(open(join(folder, 'copy.db')).state)).toEqual(['a']);
});

test('runs are listed newest first, found by the beginning of their ids, and deleted', async () => {
  const { state } = open();
  for (const id of ['abc', 'abd', 'x_%']) state.put(run(id));
  expect(await idsOf(state)).toEqual(['x_%', 'abd', 'abc']);
  expect((await state.list(1)).map(({ runId }) => runId)).toEqual(['x_%']);
  const found = async (beginning: string): Promise<string[]> =>
    (await state.find(beginning)).map(({ runId }) => runId).toSorted();
  expect([await found('ab'), await found('abc'), await found('%'), await found('x_')]).toEqual([
    ['abc', 'abd'],
    ['abc'],
    [],
    ['x_%'],
  ]);
  expect(await state.delete(['abc', 'nothing'])).toBe(1);
  expect(await state.delete('all')).toBe(2);
  expect(await idsOf(state)).toEqual([]);
});

test('only the owner may read the file and its folder', async () => {
  const { state } = open(join(folder, 'new', 'state.db'));
  state.put(run('a'));
  await state.flush();
  expect(statSync(join(folder, 'new')).mode & 0o777).toBe(0o700);
  const modes = readdirSync(join(folder, 'new')).map((name) => statSync(join(folder, 'new', name)).mode & 0o777);
  expect(new Set(modes)).toEqual(new Set([0o600]));
});

test('several processes see the runs of each other', async () => {
  const [one, other] = [open().state, open().state];
  for (let count = 0; count < 50; count += 1) {
    one.put(run(`one ${count}`));
    other.put(run(`other ${count}`));
  }
  await Promise.all([one.flush(), other.flush()]);
  expect(await idsOf(one)).toHaveLength(100);
});

test('a run is not deleted by its time before it is over, and the oldest are deleted when all are too large', async () => {
  const { state } = open(undefined, { days: 1, megabytes: 1 });
  for (let count = 0; count < 4; count += 1) state.put(run(String(count), 'x'.repeat(300_000)));
  await state.close();
  const again = open(undefined, { days: 1, megabytes: 1 }).state;
  expect(await idsOf(again)).toEqual(['3', '2', '1']);
  await again.close();
  const database = await openDatabase(join(folder, 'state.db'));
  database.prepare('UPDATE runs SET at = at - 86400001 WHERE run_id = ?').run('2');
  database.close();
  expect(await idsOf(open(undefined, { days: 1, megabytes: 1 }).state)).toEqual(['3', '1']);
});

const garbage = (): string => {
  const path = join(folder, 'garbage.db');
  writeFileSync(path, 'no database '.repeat(1000));
  return path;
};
const newer = async (): Promise<string> => {
  const path = join(folder, 'newer.db');
  const database = await openDatabase(path);
  database.exec('PRAGMA user_version = 99');
  database.close();
  return path;
};
const aFolder = (): string => {
  const path = join(folder, 'folder.db');
  mkdirSync(path);
  return path;
};
const belowAFile = (): string => {
  writeFileSync(join(folder, 'file'), '');
  return join(folder, 'file', 'state.db');
};

describe('a file that cannot be used', () => {
  test.each([
    { name: 'is garbage', path: garbage, why: 'is not a state file of thinkmeter, or is damaged' },
    { name: 'is of a newer version', path: newer, why: 'was written by a newer version of thinkmeter' },
    { name: 'is a folder', path: aFolder, why: 'cannot be written' },
    { name: 'is below a file', path: belowAFile, why: 'cannot be written' },
  ])('$name: one sentence, and runs go on in memory', async ({ path, why }) => {
    const at = await path();
    const { state, problems } = open(at);
    state.put(run('a'));
    await state.flush();
    state.put(run('b'));
    await state.flush();
    expect(problems).toEqual([`the state file ${at} ${why}`]);
    expect(state.problem).toBe(problems[0]);
    expect(await state.get('a')).toBeUndefined();
  });

  test('a file in a folder that may only be read', async ({ skip }) => {
    chmodSync(folder, 0o500);
    try {
      writeFileSync(join(folder, 'probe'), '');
      skip('this user may write everywhere');
    } catch {
      // as it should be
    }
    const { state, problems } = open();
    state.put(run('a'));
    await state.flush();
    chmodSync(folder, 0o700);
    expect(problems[0]).toContain('cannot be written');
  });

  test('a file that is locked for a while: nothing is lost', async () => {
    const { state, problems } = open();
    state.put(run('a'));
    await state.flush();
    const other = await openDatabase(join(folder, 'state.db'));
    other.exec('BEGIN IMMEDIATE');
    state.put(run('b'));
    await state.flush();
    other.exec('COMMIT');
    other.close();
    await expect.poll(() => idsOf(state)).toEqual(['b', 'a']);
    expect(problems).toEqual([]);
  });
});

async function locked(): Promise<() => void> {
  const other = await openDatabase(join(folder, 'state.db'));
  other.exec('BEGIN IMMEDIATE');
  return () => {
    other.exec('COMMIT');
    other.close();
  };
}

/** Ten times as fast. */
const HURRIED: Clock = {
  now: () => 10 * systemClock.now(),
  timer: (ms, ring) => systemClock.timer(ms / 10, ring),
};

describe('a file that another process locks for a moment', () => {
  test.each(['from its opening on', 'later'])('%s: a process that ends writes its runs', async (when) => {
    const { state, problems } = open();
    if (when === 'later') await state.flush();
    const unlock = await locked();
    state.put(run('a'));
    const closing = state.close();
    await setTimeout(100);
    unlock();
    await closing;
    expect(problems).toEqual([]);
    expect(await idsOf(open().state)).toEqual(['a']);
  });

  test('a reader waits, and does not say that there is nothing', async () => {
    const first = open();
    first.state.put(run('a'));
    await first.state.close();
    const unlock = await locked();
    const found = idsOf(open().state);
    await setTimeout(100);
    unlock();
    expect(await found).toEqual(['a']);
  });

  test('runs are deleted', async () => {
    const { state, problems } = open();
    state.put(run('a'));
    await state.flush();
    const unlock = await locked();
    const deleted = state.delete('all');
    await setTimeout(100);
    unlock();
    expect([await deleted, problems]).toEqual([1, []]);
  });

  test('busy moments that lie far apart are no problem, nor is a machine that stands still', async () => {
    let passed = 0;
    const { state, problems } = open(undefined, undefined, { ...systemClock, now: () => systemClock.now() + passed });
    state.put(run('a'));
    const unlock = await locked();
    for (let time = 0; time < 3; time += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await state.flush();
      passed += 60_000;
    }
    unlock();
    await state.write();
    expect(await idsOf(state)).toEqual(['a']);
    expect(problems).toEqual([]);
  });

  test.each(['list', 'close'] as const)('it stays locked: one sentence from %s', async (what) => {
    const unlock = await locked();
    const { state, problems } = open(undefined, undefined, HURRIED);
    state.put(run('a'));
    await (what === 'list' ? state.list(1) : state.close());
    unlock();
    expect(problems).toEqual([expect.stringContaining('is locked by another process')]);
  });
});

test('no file is made for :memory:', async () => {
  const { state, problems } = open(undefined);
  const none = new State({
    path: undefined,
    days: 1,
    megabytes: 1,
    clock: systemClock,
    onProblem: (problem) => problems.push(problem),
  });
  none.put(run('a'));
  expect(await none.list(10)).toEqual([]);
  await Promise.all([none.close(), state.close()]);
  expect(problems).toEqual([]);
});

test("servers' speeds are kept, the last one of each", async () => {
  const { state } = open();
  state.putSpeed('a', () => ({ seen: 1 }));
  state.putSpeed('a', () => ({ seen: 2 }));
  state.putSpeed('b', () => ({ seen: 3 }));
  await state.close();
  const speeds = await open().state.speeds();
  const found = Object.fromEntries(speeds.map(({ server, data }) => [server, data]));
  expect(found).toEqual({ a: { seen: 2 }, b: { seen: 3 } });
  expect(Math.max(...speeds.map(({ ageMs }) => ageMs))).toBeLessThan(600_000);
});
