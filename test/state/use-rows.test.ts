/** Sums that several processes add to. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { localDay, type UseRow } from '../../src/spending/spending.ts';
import { NO_USE } from '../../src/spending/use.ts';
import { State } from '../../src/state/state.ts';

const folder = mkdtempSync(join(tmpdir(), 'thinkmeter-use-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function open(path: string | undefined): State {
  const state = new State({ path, days: 30, megabytes: 100, clock: systemClock, onProblem: () => undefined });
  onTestFinished(() => state.close());
  return state;
}

const today = localDay(new Date());

const row = (more: Partial<UseRow> = {}): UseRow => ({
  day: today,
  model: 'nano',
  tool: 'reason',
  use: { ...NO_USE, calls: 1, thinkingTokens: 100, busyMs: 0.5 },
  lengths: new Map([[20, { closed: 1, closedTokens: 100, cut: 0 }]]),
  ...more,
});

test('two processes add to the same sums, and a third reads them', async () => {
  const path = join(folder, 'shared.db');
  const [first, second] = [open(path), open(path)];
  for (let run = 0; run < 20; run += 1) {
    first.addUse(row());
    second.addUse(row({ lengths: new Map([[20, { closed: 0, closedTokens: 0, cut: 1 }]]) }));
    second.addUse(row({ tool: 'answer_fast' }));
    // oxlint-disable-next-line no-await-in-loop -- the two take turns
    await Promise.all([first.flush(), second.flush()]);
  }
  const found = await open(path).uses(today);
  expect(found).toHaveLength(2);
  expect(found).toContainEqual({
    ...row({ tool: 'reason' }),
    use: { ...NO_USE, calls: 40, thinkingTokens: 4000, busyMs: 20 },
    lengths: new Map([[20, { closed: 20, closedTokens: 2000, cut: 20 }]]),
  });
});

test('older days are left out, and deleted after 400 days', async () => {
  const path = join(folder, 'days.db');
  const state = open(path);
  state.addUse(row({ day: '2020-01-01' }));
  state.addUse(row());
  expect((await state.uses(today))?.map(({ day }) => day)).toEqual([today]);
  expect(await state.uses('2000-01-01')).toHaveLength(2);
  await state.close();
  expect(await open(path).uses('2000-01-01')).toHaveLength(1);
});

test('without a file nothing is kept', async () => {
  const state = open(undefined);
  state.addUse(row());
  expect(await state.uses(today)).toBeUndefined();
});
