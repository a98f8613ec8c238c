/** What happens in a run, as the values that its steps hand on. */
import type { Facts, Prompt } from '../engine/engine.ts';
import type { Boundary } from '../stream/trail.ts';
import type { Plan } from './plan.ts';

/** How far a run is, for whoever waits. */
export type Progress = {
  readonly phase: 'waiting' | 'loading' | 'thinking' | 'answering';
  readonly thinkingTokens: number;
  readonly answerTokens: number;
  /** what is being loaded, in words */
  readonly message?: string;
};

/** What is known before the first token. */
export type Ready = {
  readonly facts: Facts;
  readonly prompt: Prompt;
  readonly plan: Plan;
  /** a self-test of this mechanism is due */
  readonly prove: 'native' | undefined;
  readonly warnings: readonly string[];
};

/** How thinking ended; the words of the result (design.md §4.1). */
export type ThinkingEnd = 'model' | 'budget' | 'deadline' | 'unclosed' | 'none' | 'server' | 'off';

type Thinking = {
  /** what counts as thinking and reaches the answer */
  readonly tokens: number;
  readonly text: string;
  /** tokens of the start marker, if the model opened thinking itself, and of the end marker */
  readonly markerTokens: number;
  /** of an end-of-turn token inside open thinking, which is dropped */
  readonly endOfTurnTokens: number;
};

/** The answer continues in the same stream. */
export type FlowsOn = Thinking & {
  readonly next: 'flows on';
  readonly endedBy: 'off' | 'none' | 'model' | 'budget';
  readonly answerFrom: Boundary;
};

/** The answer needs a request of its own, from what is kept of the stream. */
export type Asks = Thinking & {
  readonly next: 'ask';
  readonly keep: Boundary;
} & (
    | { readonly endedBy: 'budget' | 'deadline' | 'unclosed' | 'server'; readonly closed: false }
    /** the end marker is in what is kept */
    | { readonly endedBy: 'model'; readonly closed: true }
  );

export type Thought = FlowsOn | Asks;
