/**
 * Whether cutting a stream ends the work behind it. A proxy between us and the server may buffer the stream until it is
 * complete, or not forward the disconnect: then a cut saves nothing, and a capped first request does.
 */
import { sum } from '../budget/counts.ts';
import type { Thought } from '../budget/story.ts';
import type { Verdict } from '../budget/mechanism.ts';
import type { Load } from '../engine/engine.ts';
import type { Request } from '../stream/requests.ts';
import { afterFirst, type Arrival } from '../stream/speed.ts';

/** A stream of so many tokens takes its time, unless it was buffered. */
const LEAST_TOKENS = 24;
/** Of the time until its first token: what comes within it after that came all at once. */
const AT_ONCE = 0.02;
const LEAST_WAIT_MS = 250;

/** Counters may be a little behind. */
const LATE_TOKENS = 16;

/** An abort takes time to arrive: up to 300 ms of extra tokens are normal, over 1 s means that it never arrived. */
const GOES_ON_MS = { atMost: 300, atLeast: 1000 } as const;

type Arrived = Pick<Request, 'askedAt'> & { readonly reading: Arrival };

/** The tokens of a stream waited for each other somewhere on their way. */
export function cameAtOnce({ askedAt, reading }: Arrived): boolean {
  const { firstTokenAt, lastTokenAt, trail } = reading;
  if (firstTokenAt === undefined || lastTokenAt === undefined || trail.tokens < LEAST_TOKENS) return false;
  const waited = firstTokenAt - askedAt;
  return waited >= LEAST_WAIT_MS && lastTokenAt - firstTokenAt <= waited * AT_ONCE;
}

/** It came piece by piece: long enough to see, and not at once. */
export function flowed(request: Arrived): boolean {
  return request.reading.trail.tokens >= LEAST_TOKENS && !cameAtOnce(request);
}

export const BUFFERED =
  'the stream came in one burst: something between here and the server buffers it until it is complete';

/** A server's figures when they arrived, with what this run had received by then. */
export type FiguresBefore = { readonly load: Load; readonly ownTokens: number; readonly ownRunning: number };

type Story = {
  readonly thought: Thought;
  readonly requests: readonly Request[];
  readonly before: FiguresBefore;
  readonly after: Load;
};

/** Undefined when this run shows nothing: nothing was cut, or others were at work as well. */
export function proveStream({ thought, requests, before, after }: Story): Verdict | undefined {
  if (thought.next !== 'ask' || thought.endedBy !== 'budget') return undefined;
  if (before.load.generatedTokens === undefined || after.generatedTokens === undefined) return undefined;
  const received = sum(requests, ({ reading }) => reading.trail.tokens) - before.ownTokens;
  const beyond = after.generatedTokens - before.load.generatedTokens - received;
  const { tokens, ms } = afterFirst(requests.map(({ reading }) => reading));
  if (ms === 0) return undefined;
  const wentOnMs = (beyond * ms) / tokens;
  // a server that counts at the end of a request shows nothing
  if (beyond < -LATE_TOKENS) return undefined;
  if (after.running === 0 && wentOnMs <= GOES_ON_MS.atMost) return { held: true };
  // others may be at work there; only if nobody was, and nobody is, the tokens are ours
  if (before.load.running > before.ownRunning || after.running > 0) return undefined;
  if (wentOnMs < GOES_ON_MS.atLeast) return undefined;
  return {
    held: false,
    why: `the server generates on after a request was closed: it counted ${beyond} tokens more`,
  };
}
