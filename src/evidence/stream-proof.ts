/**
 * Whether cutting a stream ends the work behind it. Between us and the server there may be a proxy that holds the stream
 * back until it is whole, or that does not pass on that we left: then a cut saves nothing, and a capped first request does.
 */
import type { Load } from '../engine/engine.ts';
import type { Context } from '../run/context.ts';
import { sum } from '../budget/counts.ts';
import type { Request } from '../stream/requests.ts';
import { afterFirst, type Arrival } from '../stream/speed.ts';
import type { Thought } from '../budget/think.ts';
import type { Verdict } from './trust.ts';

/** A stream of so many tokens takes its time, unless it was held back. */
const LEAST_TOKENS = 24;
/** Of the time until its first token: what comes within it after that came all at once. */
const AT_ONCE = 0.02;
const LEAST_WAIT_MS = 250;

/** Counters may be a little behind. */
const LATE_TOKENS = 16;

/** By its own speed, a server goes on for as long as the abort is on its way; for longer only if none comes. */
const GOES_ON_MS = { atMost: 300, atLeast: 1000 } as const;

/** The tokens of a stream waited for each other somewhere on their way. */
export function cameAtOnce({ askedAt, reading }: Pick<Request, 'askedAt'> & { readonly reading: Arrival }): boolean {
  const { firstTokenAt, lastTokenAt, trail } = reading;
  if (firstTokenAt === undefined || lastTokenAt === undefined || trail.tokens < LEAST_TOKENS) return false;
  const waited = firstTokenAt - askedAt;
  return waited >= LEAST_WAIT_MS && lastTokenAt - firstTokenAt <= waited * AT_ONCE;
}

/** It came piece by piece: long enough to tell, and not at once. */
export function flowed(request: Pick<Request, 'askedAt'> & { readonly reading: Arrival }): boolean {
  return request.reading.trail.tokens >= LEAST_TOKENS && !cameAtOnce(request);
}

export const HELD_BACK = 'the stream came in one burst: something on the way holds it back until it is whole';

type Story = {
  readonly thought: Thought;
  readonly requests: readonly Request[];
  readonly before: Load | undefined;
};

/** Undefined when this run tells nothing: nothing was cut, or others were at work as well. */
export async function proveStream(
  { engine, inTime }: Pick<Context, 'engine' | 'inTime'>,
  { thought, requests, before }: Story,
): Promise<Verdict | undefined> {
  if (thought.flowsOn || thought.endedBy !== 'budget') return undefined;
  if (before?.generatedTokens === undefined) return undefined;
  const after = await engine.load?.({ signal: inTime }).catch(() => undefined);
  if (after?.generatedTokens === undefined) return undefined;
  const received = sum(requests, ({ reading }) => reading.trail.tokens);
  const beyond = after.generatedTokens - before.generatedTokens - received;
  const { tokens, ms } = afterFirst(requests.map(({ reading }) => reading));
  if (ms === 0) return undefined;
  const wentOnMs = (beyond * ms) / tokens;
  // a server that counts at the end of a request tells nothing
  if (beyond < -LATE_TOKENS) return undefined;
  if (after.running === 0 && wentOnMs <= GOES_ON_MS.atMost) return { held: true };
  // others may be at work there; only when nobody was, and nobody is, the tokens are ours
  if (before.running > 0 || after.running > 0 || wentOnMs < GOES_ON_MS.atLeast) return undefined;
  return {
    held: false,
    why: `the server generates on when a request is closed: ${beyond} tokens more were counted there`,
  };
}
