/** A runner on the remote engine, put together as the program does it, at the other end of a real HTTP server. */
import { onTestFinished } from 'vitest';
import type { ForcedMechanism } from '../../src/budget/mechanism.ts';
import type { Outcome } from '../../src/budget/outcome.ts';
import { systemClock, type Clock } from '../../src/clock.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { createRemoteEngine, type RemoteOptions } from '../../src/engine/remote/engine.ts';
import { EvidenceOfServers } from '../../src/evidence/evidence.ts';
import { createLog } from '../../src/log.ts';
import type { Question } from '../../src/prompt/question.ts';
import { createRunner, type Runner } from '../../src/runner.ts';
import { Runs } from '../../src/runs.ts';
import type { Spending } from '../../src/spending/spending.ts';
import { spendingOf } from './spending.ts';

export type RemoteRunner = {
  readonly runner: Runner;
  readonly engine: Engine;
  readonly runs: Runs;
  readonly spending: Spending;
  readonly evidence: EvidenceOfServers;
  /** tokens of thinking, by default 64; of the answer, by default 64 */
  readonly ask: (given?: Asked) => Promise<Outcome>;
};

export type Asked = {
  readonly text?: string;
  readonly budget?: number;
  readonly answerTokens?: number;
  readonly maxSeconds?: number;
  readonly signal?: AbortSignal;
  /** spent before the runner was asked */
  readonly waitedMs?: number;
};

export type RunnerOptions = Partial<RemoteOptions> & {
  readonly concurrency?: number;
  readonly mechanism?: ForcedMechanism;
};

export function remoteRunner(
  baseUrl: string,
  { concurrency = 16, mechanism, ...more }: RunnerOptions = {},
): RemoteRunner {
  const engine = createRemoteEngine({ baseUrl, ...more });
  onTestFinished(() => engine.close());
  const [runs, evidence, spending, log] = [new Runs(), new EvidenceOfServers(), spendingOf(), createLog('silent')];
  const clock = systemClock;
  const runner = createRunner({ engine, clock, evidence, mechanism, concurrency, runs, spending, log });
  return {
    runner,
    engine,
    runs,
    spending,
    evidence,
    ask: ({ waitedMs = 0, signal = new AbortController().signal, ...given } = {}) =>
      runner.run(toQuestion(given), { signal, startedAt: clock.now() - waitedMs }),
  };
}

export function toQuestion({ text = 'What is it?', budget = 64, answerTokens = 64, maxSeconds }: Asked): Question {
  return {
    system: [{ from: 'ours', text: 'You are a careful reasoner.' }],
    user: [{ from: 'theirs', text }],
    thinkingBudget: { tokens: budget, given: true },
    answerTokens: { tokens: answerTokens, given: true },
    ...(maxSeconds !== undefined && { maxSeconds }),
  };
}

/** The system's clock, but for a jump. */
export function jumpingClock(): Clock & { jump(ms: number): void } {
  let ahead = 0;
  return {
    now: () => systemClock.now() + ahead,
    timer: (ms, ring) => systemClock.timer(ms, ring),
    jump: (ms) => void (ahead += ms),
  };
}
