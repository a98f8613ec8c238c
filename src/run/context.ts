/** The values that the steps of a run share. */
import type { Closing, Deadline } from '../budget/deadline.ts';
import type { ForcedMechanism } from '../budget/mechanism.ts';
import type { Progress, Ready, Thought } from '../budget/values.ts';
import type { Clock } from '../clock.ts';
import type { Engine, OpenOptions, Session } from '../engine/engine.ts';
import type { Evidence, EvidenceOfServers, Activity } from '../evidence/evidence.ts';
import type { Figures } from '../evidence/learn.ts';
import type { Received } from './received.ts';
import type { Refused } from './server-count.ts';
import type { Earlier, Question } from '../prompt/question.ts';
import type { Observe, Request, Requests } from '../stream/requests.ts';

export type RunOptions = {
  readonly runId: string;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** when the tool was called, on the run's clock: waiting before the run counts towards `max_seconds` */
  readonly startedAt: number;
  readonly progress?: (progress: Progress) => void;
  /** measured by earlier runs; this run adds to it */
  readonly evidence: EvidenceOfServers;
  /** the operator's choice */
  readonly mechanism?: ForcedMechanism | undefined;
  readonly observe?: Observe;
  /** the time by which every run must end, while the process is being closed */
  readonly closing?: () => Closing | undefined;
  /** called when the request for the thinking is made, and once more if that request is repeated */
  readonly watch?: (received: Received) => void;
  /** the thinking is over and is known exactly; undefined: there is none */
  readonly settle?: (thought: Earlier | undefined) => void;
  /** when the run should end, so that calls that wait get their turn; `at` is its own end */
  readonly turnEnds?: (at: number) => number;
};

export type Context = RunOptions & {
  readonly question: Question;
  readonly engine: Engine;
  /** aborts with `signal` and at the deadline. Generating does not use it: the loop stops a stream and keeps its text */
  readonly inTime: AbortSignal;
  readonly requests: Requests;
  /** called with the request for the thinking, and once more if that request is repeated */
  readonly onFirst: (ready: Ready, first: Request) => void;
};

/** A session and the evidence about its server. */
export type Opened = {
  readonly session: Session;
  readonly evidence: Evidence;
  readonly deadline: Deadline;
  readonly activity: Activity;
  readonly figures: Figures;
  /** the server refused an earlier request of this run for its length */
  readonly refused?: Refused | undefined;
};

/** The first request and the thinking read from it. */
export type Begun = Opened & {
  readonly ready: Ready;
  readonly thought: Thought;
  readonly first: Request;
};

/** What is learnt from. */
export function aboutRequests({ clock, question, requests }: Context): {
  readonly clock: Clock;
  readonly question: Question;
  readonly requests: readonly Request[];
} {
  return { clock, question, requests: requests.all };
}

/** Opening may load a model, so it reports progress. */
export function openOptions({ runId, inTime, progress }: Context, fresh: boolean): OpenOptions {
  return {
    runId,
    signal: inTime,
    fresh,
    loading: ({ message }) => progress?.({ phase: 'loading', thinkingTokens: 0, answerTokens: 0, message }),
  };
}
