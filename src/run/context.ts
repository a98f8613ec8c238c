/** What the steps of a run share. */
import type { Clock } from '../clock.ts';
import type { Engine, Facts, Prompt } from '../engine/engine.ts';
import type { Question } from '../prompt/question.ts';
import type { Deadline } from '../budget/deadline.ts';
import type { ForcedMechanism } from '../budget/mechanism.ts';
import type { Plan } from '../budget/plan.ts';
import type { Progress } from '../budget/progress.ts';
import type { Requests } from '../stream/requests.ts';
import type { Trust } from '../evidence/trust.ts';

export type RunOptions = {
  readonly runId: string;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** when the tool was called, on the run's clock: waiting before the run counts */
  readonly startedAt: number;
  readonly progress?: (progress: Progress) => void;
  /** what earlier runs found out about the server's mechanisms; this one adds to it */
  readonly trust: Trust;
  /** the operator's choice */
  readonly mechanism?: ForcedMechanism | undefined;
};

export type Context = RunOptions & {
  readonly question: Question;
  readonly engine: Engine;
  readonly deadline: Deadline;
  /** fires with `signal`, and at the deadline: for everything but generating, which ends in its own way */
  readonly inTime: AbortSignal;
  readonly requests: Requests;
};

/** What is known before the first token. */
export type Ready = {
  readonly facts: Facts;
  readonly prompt: Prompt;
  readonly plan: Plan;
  readonly warnings: readonly string[];
};
