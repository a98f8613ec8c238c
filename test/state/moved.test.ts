/** The state file is removed or replaced while a server writes to it: nobody writes to a file that no one can find. */
import { copyFileSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { openDatabase } from '../../src/state/database.ts';
import { State } from '../../src/state/state.ts';

let folder: string;
let states: State[] = [];
let problems: string[] = [];
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'thinkmeter-moved-'))));
afterEach(async () => {
  await Promise.all(states.map((state) => state.close()));
  [states, problems] = [[], []];
  rmSync(folder, { recursive: true, force: true });
});

const pathOf = (name = 'state'): string => join(folder, `${name}.db`);

function open(path = pathOf()): State {
  const state = new State({
    path,
    days: 30,
    megabytes: 100,
    clock: systemClock,
    onProblem: (problem) => problems.push(problem),
  });
  states.push(state);
  return state;
}

async function put(state: State, runId: string): Promise<void> {
  state.put({ runId, tool: 'reason', question: 'What is 2 + 2?', record: { run_id: runId } });
  await state.flush();
}

const ids = async (state: State): Promise<string[]> => (await state.ids(100)).toSorted();

const remove = (path: string, ends: readonly string[]): void => {
  for (const end of ends) rmSync(`${path}${end}`, { force: true });
};

async function isSound(path: string): Promise<void> {
  const database = await openDatabase(path);
  expect(database.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
  database.close();
}

test.each([
  { name: 'with its helper files', ends: ['', '-wal', '-shm'] },
  { name: 'without its helper files', ends: [''] },
])('removed $name: a new file holds what comes next, for every process', async ({ ends }) => {
  const [one, other] = [open(), open()];
  await put(one, 'before');
  await put(other, 'before too');
  remove(pathOf(), ends);
  await put(one, 'after');
  await put(other, 'after too');
  const another = open();
  await put(another, 'new');
  const expected = ['after', 'after too', 'new'];
  expect(await Promise.all([one, other, another].map(ids))).toEqual([expected, expected, expected]);
  // the last handle on the removed file is closed now, which must not remove the helper files of the new one
  await one.close();
  await put(another, 'later');
  await Promise.all([other.close(), another.close()]);
  expect(await ids(open())).toEqual([...expected, 'later'].toSorted());
  await isSound(pathOf());
  expect(problems).toEqual([]);
});

test('replaced by another state file: runs go there', async () => {
  const backup = open(pathOf('backup'));
  await put(backup, 'in the backup');
  await backup.close();
  const state = open();
  await put(state, 'before');
  remove(pathOf(), ['-wal', '-shm']);
  copyFileSync(pathOf('backup'), pathOf('copy'));
  renameSync(pathOf('copy'), pathOf());
  await put(state, 'after');
  expect(await ids(state)).toEqual(['after', 'in the backup']);
  await state.close();
  expect(await ids(open())).toEqual(['after', 'in the backup']);
  await isSound(pathOf());
});

test('removed while a run thinks: the new file has its thinking from the first token', async () => {
  const text = 'Two and two, that is four.';
  let tokens = 8;
  const state = open();
  state.watch({
    runId: 'running',
    tool: 'reason',
    question: 'What is 2 + 2?',
    received: {
      base: { server: 's', text: '', tokens: 0 },
      startMarker: '',
      since: (from) =>
        tokens === from.tokens
          ? undefined
          : { ids: undefined, text: text.slice(from.chars, tokens), to: { tokens, chars: tokens } },
    },
  });
  await state.flush();
  remove(pathOf(), ['', '-wal', '-shm']);
  tokens = 16;
  await state.flush();
  expect((await state.get('running'))?.thought).toMatchObject({ text: text.slice(0, 16), tokens: 16 });
  state.drop('running');
  await state.flush();
  expect(await ids(state)).toEqual([]);
});

test('removed with its folder: both are made again', async () => {
  const state = open(join(folder, 'own', 'state.db'));
  await put(state, 'before');
  rmSync(join(folder, 'own'), { recursive: true });
  await put(state, 'after');
  expect(await ids(state)).toEqual(['after']);
  expect(problems).toEqual([]);
});
