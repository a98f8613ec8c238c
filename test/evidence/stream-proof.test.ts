/** Whether a cut ends the work behind it: by when tokens came, and by what the server counted. */
import { expect, test } from 'vitest';
import type { Request } from '../../src/stream/requests.ts';
import { cameAtOnce, proveStream } from '../../src/evidence/stream-proof.ts';
import type { Thought } from '../../src/budget/think.ts';
import type { Engine, Load } from '../../src/engine/engine.ts';

type Came = { readonly waited: number; readonly took: number; readonly tokens: number };

/** Asked at 1000. */
function request({ waited, took, tokens }: Came): Request {
  const firstTokenAt = 1000 + waited;
  const reading = { firstTokenAt, lastTokenAt: firstTokenAt + took, trail: { tokens } };
  return { from: [], promptTokens: 0, askedAt: 1000, reading } as unknown as Request;
}

const arrivals: readonly (Came & { readonly name: string; readonly atOnce: boolean })[] = [
  { name: 'all of it at one time', waited: 5000, took: 0, tokens: 200, atOnce: true },
  { name: 'within a fiftieth of the wait', waited: 1000, took: 20, tokens: 24, atOnce: true },
  { name: 'in a little more than that', waited: 1000, took: 20.1, tokens: 24, atOnce: false },
  { name: 'after a quarter of a second', waited: 250, took: 5, tokens: 24, atOnce: true },
  { name: 'after less than that', waited: 249, took: 0, tokens: 24, atOnce: false },
  { name: 'too few to tell', waited: 5000, took: 0, tokens: 23, atOnce: false },
  { name: 'as fast as a good GPU, after a long prompt', waited: 2000, took: 320, tokens: 64, atOnce: false },
];

test.each(arrivals)('$name: held back, $atOnce', ({ atOnce, ...came }) => {
  expect(cameAtOnce(request(came))).toBe(atOnce);
});

test('where nothing came nothing was held back', () => {
  const reading = { firstTokenAt: undefined, lastTokenAt: undefined, trail: { tokens: 0 } };
  expect(cameAtOnce({ askedAt: 0, reading })).toBe(false);
});

const CUT = { endedBy: 'budget', flowsOn: false } as Thought;

type Story = {
  readonly thought?: Thought;
  readonly came?: readonly Came[];
  readonly before?: Partial<Load> | null;
  readonly after?: Partial<Load> | null;
};

/** 101 tokens in a second, 10 ms each; as many were counted. */
const TEN_MS: Came = { waited: 100, took: 1000, tokens: 101 };
const IDLE: Load = { running: 0, waiting: 0 };

const figures = (some: Partial<Load> | null | undefined, generatedTokens: number): Load | undefined =>
  some === null ? undefined : { ...IDLE, generatedTokens, ...some };

function proven({ thought = CUT, came = [TEN_MS], before, after }: Story) {
  const engine = { load: () => Promise.resolve(figures(after, 601)) } as unknown as Engine;
  const story = { thought, requests: came.map(request), before: figures(before, 500) };
  return proveStream({ engine, inTime: new AbortController().signal }, story);
}

/** So many tokens beyond those that came. */
const beyond = (tokens: number, more: Partial<Load> = {}): Partial<Load> => ({
  generatedTokens: 601 + tokens,
  ...more,
});

const held: readonly (Story & { readonly name: string })[] = [
  { name: 'the server counted what came', after: beyond(0) },
  { name: 'it went on for as long as an abort is on its way', after: beyond(30) },
  { name: 'it counts a little late', after: beyond(-1) },
  { name: 'others were there before, and it adds up all the same', before: { running: 3 }, after: beyond(2) },
  {
    name: 'all requests of the run are added up',
    came: [TEN_MS, { waited: 50, took: 490, tokens: 50 }],
    after: beyond(50),
  },
];

test.each(held)('the cut held: $name', async (story) => {
  expect(await proven(story)).toEqual({ held: true });
});

const unknown: readonly (Story & { readonly name: string })[] = [
  { name: 'it went on for a little longer than that', after: beyond(31) },
  { name: 'it went on for nearly a second', after: beyond(99) },
  { name: 'others run now', after: beyond(1000, { running: 1 }) },
  { name: 'others run now, though it adds up', after: beyond(0, { running: 1 }) },
  { name: 'others ran before', before: { running: 1 }, after: beyond(1000) },
  { name: 'there were no figures before', before: null, after: beyond(0) },
  { name: 'there are no figures now', after: null },
  { name: 'it does not count its tokens', before: { generatedTokens: undefined } as unknown as Partial<Load> },
  { name: 'thinking closed by itself', thought: { endedBy: 'model', flowsOn: true } as Thought, after: beyond(1000) },
  { name: 'the server held the budget', thought: { endedBy: 'budget', flowsOn: true } as Thought, after: beyond(1000) },
  { name: 'the deadline cut', thought: { endedBy: 'deadline', flowsOn: false } as Thought, after: beyond(1000) },
];

test.each(unknown)('nothing is known: $name', async (story) => {
  expect(await proven(story)).toBeUndefined();
});

test.each([100, 5000])('it generates on: %i tokens more, with nobody else there', async (tokens) => {
  const why = `the server generates on when a request is closed: ${tokens} tokens more were counted there`;
  expect(await proven({ after: beyond(tokens) })).toEqual({ held: false, why });
});

test('figures that cannot be had are no error of the run', async () => {
  const engine = { load: () => Promise.reject(new Error('gone')) } as unknown as Engine;
  const story = { thought: CUT, requests: [request(TEN_MS)], before: { ...IDLE, generatedTokens: 1 } };
  expect(await proveStream({ engine, inTime: new AbortController().signal }, story)).toBeUndefined();
});

// a stream whose tokens came together has no speed: times 0 any number of tokens is no time
test('where the speed is not known, thousands of tokens more are no proof that it held', async () => {
  expect(await proven({ came: [{ waited: 200, took: 0, tokens: 101 }], after: beyond(5000) })).not.toEqual({
    held: true,
  });
});
