/** Starts a run on a scripted engine. Whatever a test is about, the promises that hold for every run are checked. */
import { expect } from 'vitest';
import type { Outcome } from '../../src/budget/outcome.ts';
import type { ForcedMechanism } from '../../src/budget/mechanism.ts';
import type { Progress } from '../../src/budget/values.ts';
import type { RunOptions } from '../../src/run/context.ts';
import { run } from '../../src/run/run.ts';
import { EvidenceOfServers } from '../../src/evidence/evidence.ts';
import type { Facts, NativeBudget, Prompt } from '../../src/engine/engine.ts';
import { beginningOf, longest, type IdsBeginning } from '../../src/engine/token-ids.ts';
import { familyByName } from '../../src/prompt/families.ts';
import type { Family, ThinkingState } from '../../src/prompt/family.ts';
import type { Question } from '../../src/prompt/question.ts';
import { FakeClock } from '../support/fake-clock.ts';
import {
  scriptedEngine,
  type EngineScript,
  type RecordedRequest,
  type ScriptedEngine,
} from '../support/scripted-engine.ts';
import { wordTokens, type Tokens } from '../support/tokens.ts';

export type Start = {
  readonly scripts: EngineScript['scripts'];
  /** default: words */
  readonly tokens?: Tokens;
  /** of the thinking; default 100 */
  readonly budget?: number;
  /** default 50 */
  readonly answerTokens?: number;
  readonly maxSeconds?: number;
  /** default: as the budget asks */
  readonly state?: ThinkingState;
  readonly family?: Family;
  readonly window?: number;
  readonly native?: NativeBudget;
  readonly prefixCaching?: boolean;
  readonly margins?: true;
  /** default: nothing has been learnt */
  readonly evidence?: EvidenceOfServers;
  /** forced */
  readonly mechanism?: ForcedMechanism;
  /** how many requests come before the run's own: refusals; default 0 */
  readonly before?: number;
  /** of all requests the run's own; default: all */
  readonly isOwn?: (request: RecordedRequest) => boolean;
  /** spent waiting before the run */
  readonly waitedMs?: number;
  readonly question?: Partial<Question>;
  readonly turnEnds?: RunOptions['turnEnds'];
} & Pick<EngineScript, 'open' | 'render' | 'decode' | 'load'>;

export type Started = {
  readonly engine: ScriptedEngine;
  readonly clock: FakeClock;
  readonly facts: Facts;
  readonly prompt: Prompt & { readonly beginning: IdsBeginning };
  readonly progress: readonly Progress[];
  cancel(): void;
  /** Lets time pass until the run is over. */
  outcome(): Promise<Outcome>;
  /** The same, for a run that ends in an error. */
  error(): Promise<unknown>;
};

export const runId = 'a-run';

const TAILS: Record<ThinkingState, string> = { open: '<think>\n', closed: '<think></think>', none: 'Assistant\n' };

export function promptOf(tokens: Tokens, thinking: ThinkingState): Started['prompt'] {
  const tail = TAILS[thinking];
  const ids = Object.freeze(tokens.encode(`What is it?\n${tail}`));
  const beginning = Object.freeze(beginningOf(ids, tail));
  return Object.freeze({ beginning, thinking, opened: thinking === 'open' ? 1 : 0 });
}

export function start(options: Start): Started {
  const { scripts, tokens = wordTokens(), budget = 100, answerTokens = 50, waitedMs = 0 } = options;
  const clock = new FakeClock();
  const facts = factsOf(tokens, options);
  const thinking = options.state ?? (budget === 0 ? 'closed' : 'open');
  const prompt = promptOf(tokens, thinking);
  const { open, render, decode, load } = options;
  const engine = scriptedEngine({
    clock,
    tokens,
    facts,
    prompt,
    scripts,
    ...(open === undefined ? {} : { open }),
    ...(render === undefined ? {} : { render }),
    ...(decode === undefined ? {} : { decode }),
    ...(load === undefined ? {} : { load }),
  });
  const question: Question = {
    system: [],
    user: [{ from: 'theirs', text: 'What is it?' }],
    thinkingBudget: { tokens: budget, given: true },
    answerTokens: { tokens: answerTokens, given: true },
    ...(options.maxSeconds === undefined ? {} : { maxSeconds: options.maxSeconds }),
    ...options.question,
  };
  const abort = new AbortController();
  const progress: Progress[] = [];
  const running = run(question, engine, {
    runId,
    clock,
    signal: abort.signal,
    startedAt: clock.now() - waitedMs,
    evidence: options.evidence ?? new EvidenceOfServers(),
    mechanism: options.mechanism,
    progress: (step) => progress.push(step),
    ...(options.turnEnds === undefined ? {} : { turnEnds: options.turnEnds }),
  });
  running.catch(() => undefined);
  return {
    engine,
    clock,
    facts,
    prompt,
    progress,
    cancel: () => abort.abort(),
    outcome: async () => {
      const { outcome, learnt } = await clock.until(running);
      await clock.until(learnt);
      expectNothingGoesOn(engine, clock);
      const own = engine.requests.slice(options.before ?? 0).filter(options.isOwn ?? (() => true));
      expectPromisesKept(outcome, own, facts);
      return outcome;
    },
    error: async () => {
      const [result] = await clock.until(Promise.allSettled([running]));
      expectNothingGoesOn(engine, clock);
      return result.status === 'rejected' ? result.reason : new Error('the run ended well');
    },
  };
}

export function factsOf(
  tokens: Tokens,
  options: Pick<Start, 'family' | 'window' | 'native' | 'prefixCaching' | 'margins'>,
): Facts {
  const family = options.family ?? familyByName('thinkmeter-demo');
  if (family === undefined) throw new Error('there is no such family');
  const { afterLine, elsewhere } = family.closer;
  const closerTokens = longest({ afterLine: tokens.encode(afterLine), elsewhere: tokens.encode(elsewhere) });
  const { window = 10_000, native, prefixCaching, margins } = options;
  const known = {
    ...(native && { native }),
    ...(prefixCaching !== undefined && { prefixCaching }),
    ...(margins && { margins }),
  };
  return {
    engine: 'remote',
    model: 'thinkmeter-demo',
    window,
    family,
    closerTokens,
    server: 'a server',
    countedBy: 'ids',
    ...known,
  };
}

function expectNothingGoesOn(engine: ScriptedEngine, clock: FakeClock): void {
  engine.expectAllUsed();
  expect(clock.timers).toBe(0);
  expect(engine.requests.filter(({ left }) => !left)).toEqual([]);
}

function expectPromisesKept(
  { budget, answer, counts, requests }: Outcome,
  asked: ScriptedEngine['requests'],
  facts: Facts,
): void {
  const { thinking, marker, endOfTurn, dropped } = counts;
  expect(thinking).toBeLessThanOrEqual(budget);
  expect(answer).not.toBe('');
  expect(answer).toBe(answer.trim());
  expect(counts.received).toBe(asked.reduce((sum, { sentTokens }) => sum + sentTokens, 0));
  expect(counts.received).toBe(thinking + marker + counts.answer + endOfTurn + dropped);
  expect(Math.min(...Object.values(counts))).toBeGreaterThanOrEqual(0);
  expect(counts.prompt).toBe(asked.flatMap(({ ids }) => ids).length);
  expect(requests).toBe(asked.length);
  for (const { ids, maxTokens } of asked) {
    expect(ids.length + maxTokens).toBeLessThanOrEqual(facts.window);
  }
}
