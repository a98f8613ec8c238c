/** The values that the steps of a run pass to each other. */
import type { Facts, Prompt } from '../engine/engine.ts';
import type { Boundary } from '../stream/trail.ts';
import type { Plan } from './plan.ts';

/** The progress of a run, for the waiting caller. */
export type Progress = {
  readonly phase: 'waiting' | 'loading' | 'thinking' | 'answering';
  readonly thinkingTokens: number;
  readonly answerTokens: number;
  /** names what is being loaded */
  readonly message?: string;
};

/** Everything decided before the first token. */
export type Ready = {
  readonly facts: Facts;
  readonly prompt: Prompt;
  readonly plan: Plan;
  /** thinking tokens that the time is expected to allow, at most the budget */
  readonly plannedTokens: number;
  /** thinking tokens of an earlier run that the prompt contains; 0: the run began anew */
  readonly reusedTokens: number;
  /** the thinking ends at a line end whose margin is below it, in nats; absent: only for other reasons */
  readonly sureBelow?: number;
  /** a self-test of this mechanism is due */
  readonly prove: 'native' | undefined;
  readonly warnings: readonly string[];
};

/** Why thinking ended; these words appear in results as `ended_by` (design.md §4.1). */
export type ThinkingEnd = 'model' | 'budget' | 'deadline' | 'unclosed' | 'none' | 'server' | 'off' | 'sure' | 'loop';

type Thinking = {
  /** tokens that count as thinking and that the answer continues from */
  readonly tokens: number;
  readonly text: string;
  /** tokens of the end marker, and of the start marker if the model opened thinking itself */
  readonly markerTokens: number;
  /** an end-of-turn token inside open thinking, which is dropped */
  readonly endOfTurnTokens: number;
};

/** The answer continues in the same stream. */
export type SameStream = Thinking & {
  readonly next: 'same stream';
  readonly endedBy: 'off' | 'none' | 'model' | 'budget';
  readonly answerFrom: Boundary;
};

/** The answer needs another request, which continues the kept part of the stream. */
export type NewRequest = Thinking & {
  readonly next: 'new request';
  readonly keep: Boundary;
} & (
    | { readonly endedBy: 'budget' | 'deadline' | 'unclosed' | 'server' | 'sure' | 'loop'; readonly closed: false }
    /** the kept part contains the end marker */
    | { readonly endedBy: 'model'; readonly closed: true }
  );

export type Thought = SameStream | NewRequest;
