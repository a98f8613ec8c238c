/** A simulated server with slots: first come, first served. The limit has to find their number, and to lose little time. */
import { EventEmitter, once } from 'node:events';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Load } from '../../src/engine/engine.ts';
import { Admission } from '../../src/admission/admission.ts';
import { FakeClock } from '../support/fake-clock.ts';

type Server = {
  readonly slots: number;
  readonly reported?: number;
  readonly firstTokenMs: number | ((index: number) => number);
  /** tells how many requests it computes, and how many wait */
  readonly hasFigures?: boolean;
  readonly generationMs: (index: number) => number;
};

type Simulated = {
  /** the limit at each end of a generation */
  readonly limits: readonly number[];
  /** the most generations that were inside the server at once, beyond its slots */
  readonly mostWaiting: number;
  readonly totalMs: number;
};

/** `count` generations, as many at a time as the admission allows. `earlier`: what an earlier process has learnt. */
async function simulate(server: Server, count: number, most = 16, earlier = 0): Promise<Simulated> {
  const clock = new FakeClock();
  const startedAt = clock.now();
  const limits: number[] = [];
  let [sent, over, inside, free, mostWaiting] = [0, 0, 0, server.slots, 0];
  const waiting: (() => void)[] = [];
  const finished = new EventEmitter();
  const allOver = once(finished, 'finished');
  const admission = new Admission(most, clock, () => fillUp());
  const facts = { server: 'a', ...(server.reported !== undefined && { slots: server.reported }) };

  const load = async (): Promise<Load> => ({ running: inside - waiting.length, waiting: waiting.length });
  const one = async (index: number): Promise<void> => {
    const observer = admission.observe({ facts, ...(server.hasFigures === true && { load }) }, 100);
    inside += 1;
    mostWaiting = Math.max(mostWaiting, inside - server.slots);
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    await after(typeof server.firstTokenMs === 'number' ? server.firstTokenMs : server.firstTokenMs(index));
    observer.firstToken();
    await after(server.generationMs(index));
    inside -= 1;
    const next = waiting.shift();
    if (next === undefined) free += 1;
    else next();
    observer.ended();
    over += 1;
    limits.push(admission.limit);
    if (over === count) finished.emit('finished');
    fillUp();
  };
  const after = (ms: number): Promise<void> => new Promise((resolve) => void clock.timer(ms, resolve));
  const fillUp = (): void => {
    while (sent < count && sent - over < admission.limit) void one(sent++);
  };
  admission.recall('a', earlier);
  admission.know(facts);
  fillUp();
  await clock.until(allOver);
  return { limits, mostWaiting, totalMs: clock.now() - startedAt };
}

const median = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? NaN;

const even = (ms: number) => (): number => ms;
/** From half to one and a half of the mean, the same in every run. */
const uneven =
  (ms: number) =>
  (index: number): number =>
    ms * (0.5 + ((index * 7919) % 1000) / 1000);

test.each([1, 2, 4, 8, 16])('%i slots: the limit becomes their number, and the slots are used', async (slots) => {
  const count = 200;
  const server = { slots, firstTokenMs: 40, generationMs: uneven(1000) };
  const { limits, mostWaiting, totalMs } = await simulate(server, count);
  const settled = limits.slice(count / 2, -16);
  expect(Math.max(...settled)).toBeLessThanOrEqual(slots + Math.max(1, slots / 4));
  expect(Math.min(...settled)).toBeGreaterThanOrEqual(slots * 0.75);
  expect(mostWaiting).toBeLessThanOrEqual(slots + 2);
  const ideal = (count * 1040) / slots;
  expect(ideal / totalMs).toBeGreaterThan(0.85);
});

/** Evenly spread from 0 to `most`, the same in every run. */
const spread =
  (most: number) =>
  (index: number): number =>
    (most * ((index * 7919) % 1000)) / 1000;

test.each([
  [1, true],
  [4, true],
  [16, true],
  [1, false],
  [4, false],
])('%i slots, first tokens after 0 to 3 s by chance, figures %s: the slots are used', async (slots, hasFigures) => {
  const count = 300;
  const server = { slots, firstTokenMs: spread(3000), generationMs: uneven(3000), hasFigures };
  const { limits, totalMs } = await simulate(server, count);
  const settled = limits.slice(count / 2, -16);
  expect(median(settled)).toBeGreaterThanOrEqual(slots * 0.75);
  expect(median(settled)).toBeLessThanOrEqual(slots + Math.max(1, slots / 4));
  expect((count * 4500) / slots / totalMs).toBeGreaterThan(0.65);
});

test('the server reports that requests wait: the limit falls to what it computes, at once', async () => {
  const server = { slots: 1, firstTokenMs: 40, generationMs: even(10_000), hasFigures: true };
  const { limits } = await simulate(server, 3);
  expect(limits[0]).toBe(1);
});

test('a server with figures is not judged by times', async () => {
  const server = { slots: 64, firstTokenMs: spread(3000), generationMs: even(500), hasFigures: true };
  const { limits } = await simulate(server, 100);
  expect(limits.at(-1)).toBe(16);
});

test('a reported number of slots is taken at once, and never exceeded', async () => {
  const server = { slots: 4, reported: 4, firstTokenMs: 40, generationMs: even(500) };
  const { limits, mostWaiting } = await simulate(server, 60);
  expect(new Set(limits)).toEqual(new Set([4]));
  expect(mostWaiting).toBe(0);
});

test("the operator's limit is never exceeded", async () => {
  const { limits } = await simulate({ slots: 64, firstTokenMs: 5, generationMs: even(100) }, 100, 3);
  expect(Math.max(...limits)).toBe(3);
  const reported = await simulate({ slots: 64, reported: 64, firstTokenMs: 5, generationMs: even(100) }, 100, 3);
  expect(Math.max(...reported.limits)).toBe(3);
});

test('a server without a limit of its own gets as many as the operator allows, at once', () => {
  const admission = new Admission(16, new FakeClock(), () => undefined);
  admission.know({ server: 'hosted', slots: Infinity });
  expect(admission.limit).toBe(16);
});

test.each(['before the server is known', 'after it'])(
  'what an earlier process has learnt, %s: the limit begins there',
  (when) => {
    const admission = new Admission(16, new FakeClock(), () => undefined);
    if (when === 'after it') admission.know({ server: 'a' });
    admission.recall('a', 4);
    admission.recall('b', 7);
    admission.know({ server: 'a' });
    expect(admission.limit).toBe(4);
    admission.know({ server: 'b', slots: 1 });
    expect(admission.limit).toBe(1);
  },
);

test('what an earlier process has learnt is no more than the operator allows', () => {
  const admission = new Admission(3, new FakeClock(), () => undefined);
  admission.recall('a', 4);
  admission.know({ server: 'a' });
  expect(admission.limit).toBe(3);
});

test('what an earlier process has learnt is not believed after the limit fell', async () => {
  const clock = new FakeClock();
  const admission = new Admission(16, clock, () => undefined);
  const queued = { facts: { server: 'a' }, load: async (): Promise<Load> => ({ running: 1, waiting: 1 }) };
  for (const prompt of [10, 20]) admission.observe(queued, prompt);
  await clock.until(new Promise((resolve) => void clock.timer(10_000, () => resolve(undefined))));
  expect(admission.limit).toBe(1);
  admission.recall('a', 8);
  expect([admission.limit, admission.atOnce]).toEqual([1, 1]);
  admission.know({ server: 'b' });
  admission.know({ server: 'a' });
  expect(admission.limit).toBe(2);
});

test('a server that computes fewer than an earlier process has learnt: the limit falls', async () => {
  const { limits } = await simulate(
    { slots: 1, firstTokenMs: 40, generationMs: even(10_000), hasFigures: true },
    3,
    16,
    8,
  );
  expect(limits[0]).toBe(1);
});

test('as many as ran at once are known for a later process, and what was known before', () => {
  const admission = new Admission(16, new FakeClock(), () => undefined);
  expect(admission.atOnce).toBe(0);
  const generations = [1, 2].map(() => admission.observe({ facts: { server: 'a' } }, 10));
  for (const generation of generations) generation.firstToken();
  expect(admission.atOnce).toBe(2);
  admission.recall('a', 4);
  expect(admission.atOnce).toBe(4);
});

test('another server begins anew, and an old generation changes nothing', () => {
  const admission = new Admission(16, new FakeClock(), () => undefined);
  const old = admission.observe({ facts: { server: 'a', slots: 1 } }, 10);
  admission.know({ server: 'b' });
  expect(admission.limit).toBe(2);
  old.firstToken();
  old.ended();
  expect(admission.limit).toBe(2);
});

test('whatever happens in whatever order, the limit stays from 1 to the most', () => {
  const events = fc.array(
    fc.record({ kind: fc.constantFrom('ask', 'first', 'end'), which: fc.nat(9), ms: fc.nat(2000) }),
    { maxLength: 200 },
  );
  fc.assert(
    fc.property(events, fc.integer({ min: 1, max: 20 }), (steps, most) => {
      let now = 0;
      const clock = { now: () => now, timer: () => () => undefined };
      const admission = new Admission(most, clock, () => undefined);
      const generations: ReturnType<Admission['observe']>[] = [];
      for (const { kind, which, ms } of steps) {
        now += ms;
        if (kind === 'ask') generations.push(admission.observe({ facts: { server: 'a' } }, ms));
        else if (kind === 'first') generations[which]?.firstToken();
        else generations[which]?.ended();
        expect(admission.limit).toBeGreaterThanOrEqual(1);
        expect(admission.limit).toBeLessThanOrEqual(most);
      }
    }),
  );
});
