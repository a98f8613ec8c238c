/** Records as evidence what a run has shown about its server. No caller waits for this. */
import { overran } from '../budget/think.ts';
import { MECHANISMS } from '../budget/mechanism.ts';
import type { Outcome } from '../budget/outcome.ts';
import type { Ready, Thought } from '../budget/values.ts';
import type { Clock } from '../clock.ts';
import type { Session } from '../engine/engine.ts';
import { figures } from '../engine/figures.ts';
import type { Question } from '../prompt/question.ts';
import type { Request, Requests } from '../stream/requests.ts';
import { afterFirst } from '../stream/speed.ts';
import type { Evidence } from './evidence.ts';
import { BUFFERED, cameAtOnce, flowed, proveStream, type FiguresBefore } from './stream-proof.ts';

/** The server's counters near the beginning of a run; `before` is set when they arrive. */
export type Figures = { before?: FiguresBefore | undefined };

/** Reads the counters in parallel with the first steps of a run, while the verdict on cuts is open. */
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
  const read: Figures = {};
  if (session.load === undefined || !evidence.isTimeToPoll(clock.now())) return read;
  void figures(session, inTime, clock).then((found) => {
    // the counters may already include the tokens that this run has received by now
    if (found !== undefined) read.before = { load: found, ownTokens: requests.tokens, ownRunning: requests.all.length };
  });
  return read;
}

const OVERRAN = 'the server exceeded the thinking budget that was requested';

/** Records whether the server enforced its own budget. The run's own stream shows this. */
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

/** Warns the caller if the streams arrived in one burst. */
export function streamWarnings({ plan: { mechanism } }: Ready, requests: readonly Request[]): string[] {
  return MECHANISMS[mechanism].cuts && requests.some(cameAtOnce)
    ? [`${BUFFERED}, so a cut saves no tokens; for nginx, set proxy_buffering off`]
    : [];
}

export type Over = {
  readonly session: Session;
  readonly evidence: Evidence;
  readonly clock: Clock;
  readonly question: Question;
  /** this process caused no other generation during the run */
  readonly isAlone: () => boolean;
  readonly ready: Ready;
  readonly thought: Thought;
  readonly first: Request;
  readonly requests: readonly Request[];
  readonly figures: Figures;
  readonly outcome: Outcome;
};

/** Runs after the answer was returned. Never rejects. */
export async function learn(over: Over): Promise<void> {
  const { evidence, clock, ready, first, outcome } = over;
  const now = clock.now();
  const { isServers, cuts } = MECHANISMS[ready.plan.mechanism];
  if (isServers && !outcome.honored) evidence.fail('native', OVERRAN, now);
  // after a break, waits are no speed, and the server may have generated more than has arrived
  if (over.requests.some(({ connections }) => connections.breaks > 0)) return;
  const answerTokens = outcome.answerEndedBy === 'deadline' ? undefined : outcome.counts.answer;
  evidence.speed.add({ question: over.question, requests: over.requests, answerTokens }, now);
  const ratio = over.isAlone() ? promptRatio(first) : undefined;
  if (ratio !== undefined) evidence.timed(ratio);
  if (cuts && over.isAlone()) await learnFromCut(over);
}

type Late = Pick<Over, 'evidence' | 'clock' | 'question' | 'requests'>;

/** The time of a run was over before its answer: how long its requests have waited. */
export function learnFromLate({ evidence, clock, question, requests }: Late): void {
  evidence.speed.add({ question, requests, answerTokens: undefined }, clock.now());
}

/** Records whether a proxy buffered the streams, and whether the cut stopped generation on the server. */
async function learnFromCut(over: Over): Promise<void> {
  const { session, evidence, clock, thought, requests, figures: read, isAlone } = over;
  if (evidence.known(clock.now()).stream !== undefined) return;
  if (requests.some(cameAtOnce)) {
    evidence.suspect(BUFFERED, clock.now());
    return;
  }
  if (thought.next === 'new request') evidence.pollAgain();
  const { before } = read;
  const isCut = thought.next === 'new request' && thought.endedBy === 'budget';
  const after = before !== undefined && isCut ? await figures(session, undefined, clock) : undefined;
  if (!isAlone()) return;
  const verdict = before && after && proveStream({ thought, requests, before, after });
  if (verdict?.held === false) {
    evidence.suspect(verdict.why, clock.now());
    return;
  }
  if (verdict?.held === true) evidence.hold('stream', clock.now());
  if (requests.some(flowed)) evidence.clear();
}

/** With a shorter prompt the round trip dominates the time; with fewer generated tokens the speed is not measurable. */
const LEAST_TIMED = { prompt: 256, generated: 16 } as const;

/** Time of a prompt token divided by that of a generated token. */
function promptRatio(first: Request): number | undefined {
  const { reading, askedAt, from } = first;
  const { firstTokenAt, trail } = reading;
  const { tokens, ms } = afterFirst([reading]);
  if (firstTokenAt === undefined || ms === 0 || tokens === 0 || cameAtOnce(first)) return undefined;
  if (from.promptTokens < LEAST_TIMED.prompt || trail.tokens < LEAST_TIMED.generated) return undefined;
  return (firstTokenAt - askedAt) / from.promptTokens / (ms / tokens);
}
