/** The status of an engine: what it tells, and its speed where that has to be measured. */
import { expect, test } from 'vitest';
import { EvidenceOfServers } from '../../src/evidence/evidence.ts';
import { beginningOf } from '../../src/engine/token-ids.ts';
import type { Facts, Load } from '../../src/engine/engine.ts';
import { UNKNOWN_FAMILY } from '../../src/prompt/families.ts';
import { collectStatus, type Status } from '../../src/status/status.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { scriptedEngine } from '../support/scripted-engine.ts';
import { wordTokens } from '../support/tokens.ts';
import { spendingOf } from '../support/spending.ts';

const FACTS: Facts = {
  engine: 'remote',
  model: 'a-model',
  window: 4096,
  family: UNKNOWN_FAMILY,
  closerTokens: 0,
  server: 'a server',
  countedBy: 'ids',
};

type Started = { readonly clock: FakeClock; readonly status: Promise<Status>; readonly asked: () => number };

/** `loads` one after the other, the last again and again. */
function start(loads: readonly (Load | undefined)[], signal = new AbortController().signal): Started {
  const clock = new FakeClock();
  const prompt = { beginning: beginningOf([], ''), thinking: 'none', opened: 0 } as const;
  let asked = 0;
  const load = (): Promise<Load | undefined> => Promise.resolve(loads[Math.min(asked++, loads.length - 1)]);
  const engine = scriptedEngine({ clock, tokens: wordTokens(), facts: FACTS, prompt, scripts: [], load });
  const status = collectStatus(
    { engine, evidence: new EvidenceOfServers(), spending: spendingOf(), clock },
    { signal },
  );
  status.catch(() => undefined);
  return { clock, status, asked: () => asked };
}

const once: readonly { name: string; load: Load | undefined }[] = [
  { name: 'the server has no figures', load: undefined },
  { name: 'nothing runs', load: { running: 0, waiting: 0, generatedTokens: 100 } },
  { name: 'it tells its speed itself', load: { running: 1, waiting: 0, generatedTokens: 100, tokensPerSecond: 7 } },
  { name: 'it counts no tokens', load: { running: 1, waiting: 0 } },
];

test.each(once)('its figures are read once where $name', async ({ load }) => {
  const { clock, status, asked } = start([load]);
  expect((await clock.until(status)).load).toEqual(load);
  expect({ asked: asked(), timers: clock.timers }).toEqual({ asked: 1, timers: 0 });
});

test('the speed is what was generated between two readings, and the rest is the second’s', async () => {
  const [before, after] = [
    { running: 1, waiting: 3, generatedTokens: 100 },
    { running: 2, waiting: 0, generatedTokens: 140 },
  ];
  const { clock, status } = start([before, after]);
  const begun = clock.now();
  const { load } = await clock.until(status);
  expect(load).toEqual({ ...after, tokensPerSecond: 40 / ((clock.now() - begun) / 1000) });
});

test('where the second reading does not come the first stands', async () => {
  const before = { running: 1, waiting: 0, generatedTokens: 100 };
  const { clock, status } = start([before, undefined]);
  expect((await clock.until(status)).load).toEqual(before);
});

// a restart between the two readings: a speed below zero is none
test('a counter that began anew tells no speed', async () => {
  const { clock, status } = start([
    { running: 1, waiting: 0, generatedTokens: 100 },
    { running: 1, waiting: 0, generatedTokens: 5 },
  ]);
  expect((await clock.until(status)).load).toEqual({ running: 1, waiting: 0, generatedTokens: 5 });
});

test('who leaves while it is measured is not kept waiting, and no timer is left', async () => {
  const leave = new AbortController();
  const { clock, status } = start([{ running: 1, waiting: 0, generatedTokens: 100 }], leave.signal);
  await clock.advance(100);
  expect(clock.timers).toBeGreaterThan(0);
  leave.abort(new Error('gone'));
  await expect(status).rejects.toThrow('gone');
  expect(clock.timers).toBe(0);
});

test('what was tried on this server is told, and only that', async () => {
  const clock = new FakeClock();
  const prompt = { beginning: beginningOf([], ''), thinking: 'none', opened: 0 } as const;
  const engine = scriptedEngine({ clock, tokens: wordTokens(), facts: FACTS, prompt, scripts: [] });
  const evidence = new EvidenceOfServers();
  evidence.of('a server').hold('stream', clock.now());
  const parts = { engine, evidence, spending: spendingOf(), clock };
  const call = { signal: new AbortController().signal };
  expect((await collectStatus(parts, call)).tried).toEqual({ stream: 'held' });
  evidence.of('another server').fail('stream', 'it goes on', clock.now());
  expect((await collectStatus(parts, call)).tried).toEqual({ stream: 'held' });
});
