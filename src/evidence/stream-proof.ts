/**
 * Whether cutting a stream stops generation on the server. A proxy may buffer the stream until it is complete, or not
 * forward the disconnect. A cut then saves nothing, and only a capped first request saves tokens.
 */
import { sum } from '../budget/counts.ts';
import type { Thought } from '../budget/values.ts';
import type { Verdict } from '../budget/mechanism.ts';
import type { Load } from '../engine/engine.ts';
import type { Request } from '../stream/requests.ts';
import { afterFirst, type Arrival } from '../stream/speed.ts';

/** A stream of this many tokens takes measurable time to arrive, unless a proxy buffered it. */
const LEAST_TOKENS = 24;
/** A stream arrived in one burst if its tokens arrived within this share of the first-token time. */
const AT_ONCE = 0.02;
const LEAST_WAIT_MS = 250;

/** A server may update its counters this many tokens late. */
const LATE_TOKENS = 16;

/** An abort takes time to arrive: up to 300 ms of extra tokens are normal, over 1 s means that it never arrived. */
const CONTINUED_MS = { atMost: 300, atLeast: 1000 } as const;

type Arrived = Pick<Request, 'askedAt'> & { readonly reading: Arrival };

/** All tokens arrived in one burst, so something on the way buffered the stream. */
export function cameAtOnce({ askedAt, reading }: Arrived): boolean {
  const { firstTokenAt, lastTokenAt, trail } = reading;
  if (firstTokenAt === undefined || lastTokenAt === undefined || trail.tokens < LEAST_TOKENS) return false;
  const waited = firstTokenAt - askedAt;
  return waited >= LEAST_WAIT_MS && lastTokenAt - firstTokenAt <= waited * AT_ONCE;
}

/** The stream was long enough to judge, and did not arrive in one burst. */
export function flowed(request: Arrived): boolean {
  return request.reading.trail.tokens >= LEAST_TOKENS && !cameAtOnce(request);
}

export const BUFFERED =
  'the stream arrived in one burst: a proxy between thinkmeter and the server buffers it until it is complete';

/** A server's counters, with the tokens and requests of this run at the moment when the counters arrived. */
export type FiguresBefore = { readonly load: Load; readonly ownTokens: number; readonly ownRunning: number };

type Story = {
  readonly thought: Thought;
  readonly requests: readonly Request[];
  readonly before: FiguresBefore;
  readonly after: Load;
};

/** Undefined if the run proves nothing: no cut was made, or the server worked for other clients too. */
export function proveStream({ thought, requests, before, after }: Story): Verdict | undefined {
  if (thought.next !== 'new request' || thought.endedBy !== 'budget') return undefined;
  if (before.load.generatedTokens === undefined || after.generatedTokens === undefined) return undefined;
  const received = sum(requests, ({ reading }) => reading.trail.tokens) - before.ownTokens;
  const beyond = after.generatedTokens - before.load.generatedTokens - received;
  const { tokens, ms } = afterFirst(requests.map(({ reading }) => reading));
  if (ms === 0) return undefined;
  const continuedMs = (beyond * ms) / tokens;
  // a server that counts tokens only at the end of a request proves nothing
  if (beyond < -LATE_TOKENS) return undefined;
  if (after.running === 0 && continuedMs <= CONTINUED_MS.atMost) return { held: true };
  // if other clients use the server, the extra tokens may be theirs
  if (before.load.running > before.ownRunning || after.running > 0) return undefined;
  if (continuedMs < CONTINUED_MS.atLeast) return undefined;
  return {
    held: false,
    why: `the server continues to generate after an abort: it counted ${beyond} extra tokens`,
  };
}
