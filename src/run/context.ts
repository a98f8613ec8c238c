/** What the steps of a run share, and what the first of them find. */
import type { Deadline } from '../budget/deadline.ts';
import type { ForcedMechanism } from '../budget/mechanism.ts';
import type { Progress, Ready, Thought } from '../budget/story.ts';
import type { Clock } from '../clock.ts';
import type { Engine, OpenOptions, Session } from '../engine/engine.ts';
import type { Evidence, EvidenceOfServers, Stay } from '../evidence/evidence.ts';
import type { Figures } from '../evidence/learn.ts';
import type { Question } from '../prompt/question.ts';
import type { Request, Requests } from '../stream/requests.ts';

export type RunOptions = {
  readonly runId: string;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** when the tool was called, on the run's clock: waiting before the run counts */
  readonly startedAt: number;
  readonly progress?: (progress: Progress) => void;
  /** what earlier runs have shown of the servers; this one adds to it */
  readonly evidence: EvidenceOfServers;
  /** the operator's choice */
  readonly mechanism?: ForcedMechanism | undefined;
};

export type Context = RunOptions & {
  readonly question: Question;
  readonly engine: Engine;
  /** fires with `signal`, and at the deadline: for everything but generating, which ends in its own way */
  readonly inTime: AbortSignal;
  readonly requests: Requests;
};

/** A session, and what is known of its server. */
export type Opened = {
  readonly session: Session;
  readonly evidence: Evidence;
  readonly deadline: Deadline;
  readonly stay: Stay;
  readonly figures: Figures;
};

/** The first request, and the thinking that was read from it. */
export type Begun = Opened & {
  readonly ready: Ready;
  readonly thought: Thought;
  readonly first: Request;
};

/** Opening takes as long as loading a model may take, and tells so. */
export function openOptions({ inTime, progress }: Context, fresh: boolean): OpenOptions {
  return {
    signal: inTime,
    fresh,
    loading: ({ message }) => progress?.({ phase: 'loading', thinkingTokens: 0, answerTokens: 0, message }),
  };
}
