/** Whether a cut ends the work behind it: by when tokens came, and by what the server counted. */
import { expect, test } from 'vitest';
import type { Request } from '../../src/stream/requests.ts';
import { cameAtOnce, proveStream } from '../../src/evidence/stream-proof.ts';
import type { Thought } from '../../src/budget/values.ts';
import type { Load } from '../../src/engine/engine.ts';

type Came = { readonly waited: number; readonly took: number; readonly tokens: number };

/** Asked at 1000. */
function request({ waited, took, tokens }: Came): Request {
  const firstTokenAt = 1000 + waited;
  const reading = { firstTokenAt, lastTokenAt: firstTokenAt + took, firstTokens: 1, trail: { tokens } };
  return { askedAt: 1000, reading } as unknown as Request;
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

test.each(arrivals)('$name: buffered, $atOnce', ({ atOnce, ...came }) => {
  expect(cameAtOnce(request(came))).toBe(atOnce);
});

test('a stream without tokens was not buffered', () => {
  const reading = { firstTokenAt: undefined, lastTokenAt: undefined, firstTokens: 0, trail: { tokens: 0 } };
  expect(cameAtOnce({ askedAt: 0, reading })).toBe(false);
});

const CUT = { endedBy: 'budget', next: 'new request' } as Thought;

type Story = {
  readonly thought?: Thought;
  readonly came?: readonly Came[];
  readonly before?: Partial<Load> | null;
  readonly after?: Partial<Load> | null;
  /** what had come when the figures before were read; default 0 */
  readonly ownTokens?: number;
  readonly ownRunning?: number;
};

/** 101 tokens in a second, 10 ms each; as many were counted. */
const TEN_MS: Came = { waited: 100, took: 1000, tokens: 101 };
const IDLE: Load = { running: 0, waiting: 0 };

const figures = (some: Partial<Load> | null | undefined, generatedTokens: number): Load | undefined =>
  some === null ? undefined : { ...IDLE, generatedTokens, ...some };

function proven({ thought = CUT, came = [TEN_MS], before, after, ownTokens = 0, ownRunning = 0 }: Story) {
  const load = figures(before, 500);
  if (load === undefined) return undefined;
  const requests = came.map(request);
  return proveStream({
    thought,
    requests,
    before: { load, ownTokens, ownRunning },
    after: figures(after, 601) ?? IDLE,
  });
}

/** So many tokens beyond those that came. */
const beyond = (tokens: number, more: Partial<Load> = {}): Partial<Load> => ({
  generatedTokens: 601 + tokens,
  ...more,
});

const held: readonly (Story & { readonly name: string })[] = [
  { name: 'the server counted what came', after: beyond(0) },
  { name: 'it continued for the time that an abort takes to arrive', after: beyond(30) },
  { name: 'it counts a little late', after: beyond(-1) },
  { name: 'others were there before, and it adds up all the same', before: { running: 3 }, after: beyond(2) },
  {
    name: 'all requests of the run are added up',
    came: [TEN_MS, { waited: 50, took: 490, tokens: 50 }],
    after: beyond(50),
  },
  {
    name: 'the figures before came in the middle of the stream',
    before: { running: 1, generatedTokens: 540 },
    ownTokens: 40,
    ownRunning: 1,
    after: beyond(0),
  },
];

test.each(held)('the cut held: $name', (story) => {
  expect(proven(story)).toEqual({ held: true });
});

const unknown: readonly (Story & { readonly name: string })[] = [
  { name: 'it continued for a little longer than that', after: beyond(31) },
  { name: 'it continued for nearly a second', after: beyond(99) },
  { name: 'others run now', after: beyond(1000, { running: 1 }) },
  { name: 'others run now, though it adds up', after: beyond(0, { running: 1 }) },
  { name: 'others ran before', before: { running: 1 }, after: beyond(1000) },
  { name: 'others ran beside ours', before: { running: 2 }, ownRunning: 1, after: beyond(1000) },
  { name: 'there were no figures before', before: null, after: beyond(0) },
  { name: 'there are no figures now', after: null },
  { name: 'it does not count its tokens', before: { generatedTokens: undefined } as unknown as Partial<Load> },
  {
    name: 'thinking closed by itself',
    thought: { endedBy: 'model', next: 'same stream' } as Thought,
    after: beyond(1000),
  },
  {
    name: 'the server held the budget',
    thought: { endedBy: 'budget', next: 'same stream' } as Thought,
    after: beyond(1000),
  },
  { name: 'the deadline cut', thought: { endedBy: 'deadline', next: 'new request' } as Thought, after: beyond(1000) },
];

test.each(unknown)('nothing is known: $name', (story) => {
  expect(proven(story)).toBeUndefined();
});

test.each([100, 5000])('it continues to generate: %i extra tokens, without other clients', (tokens) => {
  const why = `the server continues to generate after an abort: it counted ${tokens} extra tokens`;
  expect(proven({ after: beyond(tokens) })).toEqual({ held: false, why });
});

// a stream whose tokens came together has no speed: times 0 any number of tokens is no time
test('if the speed is unknown, thousands of extra tokens do not prove that the cut worked', () => {
  expect(proven({ came: [{ waited: 200, took: 0, tokens: 101 }], after: beyond(5000) })).not.toEqual({
    held: true,
  });
});
