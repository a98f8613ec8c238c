/** What a run has shown of its server, for the runs after it. Nothing here makes a caller wait. */
import { overran } from '../budget/think.ts';
import { MECHANISMS } from '../budget/mechanism.ts';
import type { Outcome } from '../budget/outcome.ts';
import type { Ready, Thought } from '../budget/story.ts';
import type { Clock } from '../clock.ts';
import type { Load, Session } from '../engine/engine.ts';
import type { Request, Requests } from '../stream/requests.ts';
import { afterFirst } from '../stream/speed.ts';
import { limit } from '../wait.ts';
import type { Evidence } from './evidence.ts';
import { BUFFERED, cameAtOnce, flowed, proveStream, type FiguresBefore } from './stream-proof.ts';

/** The server's figures near the beginning of a run, if they came. */
export type Figures = { before?: FiguresBefore | undefined };

const FIGURES_MS = 2000;

/** Read beside a run's first steps, while it is not known how a cut is taken on that server. */
export function readFigures({
  session,
  evidence,
  requests,
  inTime,
  clock,
}: {
  readonly session: Session;
  readonly evidence: Evidence;
  readonly requests: Requests;
  readonly inTime: AbortSignal;
  readonly clock: Clock;
}): Figures {
  const figures: Figures = {};
  if (session.load === undefined || !evidence.isTimeToPoll(clock.now())) return figures;
  void load(session, inTime, clock).then((found) => {
    // what had been received by then may be counted there already
    if (found !== undefined)
      figures.before = { load: found, ownTokens: requests.tokens, ownRunning: requests.all.length };
  });
  return figures;
}

async function load(session: Session, signal: AbortSignal | undefined, clock: Clock): Promise<Load | undefined> {
  const inTime = limit(signal, FIGURES_MS, clock);
  try {
    return await session.load?.({ signal: inTime.signal });
  } catch {
    return undefined;
  } finally {
    inTime.release();
  }
}

const OVERRAN = 'the server continued to think beyond the budget that it was given';

/** Whether the server held its own budget: a run sees that in its own stream. */
export function learnFromThought(
  evidence: Evidence,
  { plan: { mechanism } }: Ready,
  thought: Thought,
  now: number,
): void {
  if (!MECHANISMS[mechanism].isServers || thought.endedBy !== 'budget') return;
  if (overran(mechanism, thought)) evidence.fail('native', OVERRAN, now);
  else evidence.hold('native', now);
}

/** For the caller: how the streams came, if that is worth a word. */
export function streamWarnings({ plan: { mechanism } }: Ready, requests: readonly Request[]): string[] {
  return MECHANISMS[mechanism].cuts && requests.some(cameAtOnce)
    ? [`${BUFFERED}, so a cut saves no tokens; if it is nginx, set proxy_buffering off`]
    : [];
}

export type Over = {
  readonly session: Session;
  readonly evidence: Evidence;
  readonly clock: Clock;
  /** nothing else was generated for this process meanwhile */
  readonly isAlone: () => boolean;
  readonly ready: Ready;
  readonly thought: Thought;
  readonly first: Request;
  readonly requests: readonly Request[];
  readonly figures: Figures;
  readonly outcome: Outcome;
};

/** After the answer was returned. Never rejects. */
export async function learn(over: Over): Promise<void> {
  const { evidence, clock, ready, first, outcome } = over;
  const now = clock.now();
  const { isServers, cuts } = MECHANISMS[ready.plan.mechanism];
  if (isServers && !outcome.honored) evidence.fail('native', OVERRAN, now);
  if (outcome.answerEndedBy !== 'deadline') evidence.answered(outcome.counts.answer);
  const firstTokenMs =
    first.reading.firstTokenAt === undefined ? undefined : first.reading.firstTokenAt - first.askedAt;
  evidence.timed({ firstTokenMs, ratio: over.isAlone() ? promptRatio(first) : undefined });
  if (cuts && over.isAlone()) await learnFromCut(over);
}

/** How the streams came, and whether the cut ended the work of the server. */
async function learnFromCut(over: Over): Promise<void> {
  const { session, evidence, clock, thought, requests, figures, isAlone } = over;
  if (evidence.known(clock.now()).stream !== undefined) return;
  if (requests.some(cameAtOnce)) {
    evidence.suspect(BUFFERED, clock.now());
    return;
  }
  if (thought.next === 'ask') evidence.pollAgain();
  const { before } = figures;
  const isCut = thought.next === 'ask' && thought.endedBy === 'budget';
  const after = before !== undefined && isCut ? await load(session, undefined, clock) : undefined;
  if (!isAlone()) return;
  const verdict = before && after && proveStream({ thought, requests, before, after });
  if (verdict?.held === false) {
    evidence.suspect(verdict.why, clock.now());
    return;
  }
  if (verdict?.held === true) evidence.hold('stream', clock.now());
  if (requests.some(flowed)) evidence.clear();
}

/** A short prompt's time is that of the way to the server; fewer tokens do not make a speed. */
const LEAST_TIMED = { prompt: 256, generated: 16 } as const;

/** A prompt token's time compared with a generated one's. */
function promptRatio(first: Request): number | undefined {
  const { reading, askedAt, from } = first;
  const { firstTokenAt, trail } = reading;
  const { tokens, ms } = afterFirst([reading]);
  if (firstTokenAt === undefined || ms === 0 || tokens === 0 || cameAtOnce(first)) return undefined;
  if (from.promptTokens < LEAST_TIMED.prompt || trail.tokens < LEAST_TIMED.generated) return undefined;
  return (firstTokenAt - askedAt) / from.promptTokens / (ms / tokens);
}
