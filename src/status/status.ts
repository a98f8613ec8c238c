/** What an operator wants to know: is it up, what can it do, how fast is it, what was spent. Without generating. */
import type { Trust } from '../evidence/trust.ts';
import { pause, timeLimit, type Clock } from '../clock.ts';
import type { CallOptions, Engine, EngineStatus, Facts, Load } from '../engine/engine.ts';
import { ThinkmeterError, toSentence } from '../errors.ts';
import type { Runs, Spent } from '../runs.ts';
import { findings, type Finding } from './findings.ts';

export type Status = {
  /** absent: nothing could be asked, and `findings` says why */
  readonly facts?: Facts;
  readonly engine?: EngineStatus;
  readonly load?: Load;
  /** mechanisms that were tried on this server, and what came of it */
  readonly tried: Readonly<Record<string, string>>;
  readonly spent: Spent;
  readonly findings: readonly Finding[];
};

export type StatusParts = {
  readonly engine: Engine;
  readonly trust: Trust;
  readonly runs: Runs;
  readonly clock: Clock;
};

/** Nobody waits longer for a status. */
const LONGEST_MS = 15_000;

/** Between two readings of a counter, where the server does not tell its speed itself. */
const MEASURE_MS = 400;

export async function collectStatus(
  { engine, trust, runs, clock }: StatusParts,
  callers: CallOptions,
): Promise<Status> {
  const spent = runs.spent();
  const { late, silence } = timeLimit(clock, LONGEST_MS);
  const call = { ...callers, signal: AbortSignal.any([callers.signal, late]) };
  try {
    const facts = await engine.describe(call);
    const [server, load] = await Promise.all([engine.status?.(call), liveLoad(engine, clock, call)]);
    const known = {
      facts,
      ...(server && { engine: server }),
      ...(load && { load }),
      tried: trust.told(facts.server),
      spent,
    };
    const promptRatio = trust.promptRatio(facts.server);
    return { ...known, findings: findings({ ...known, ...(promptRatio !== undefined && { promptRatio }) }) };
  } catch (error) {
    if (late.aborted && !callers.signal.aborted) {
      const finding = {
        what: `the server has not answered for ${LONGEST_MS / 1000} seconds`,
        fix: 'look whether it is still loading its model, and what stands between',
        grave: true,
      };
      return { tried: {}, spent, findings: [finding] };
    }
    if (callers.signal.aborted || !(error instanceof ThinkmeterError)) throw error;
    const what = error.message;
    return { tried: {}, spent, findings: [{ what, fix: error.hint ?? toSentence(error), grave: true }] };
  } finally {
    silence();
  }
}

/** With a speed, also where it has to be measured: only while something runs is there one. */
async function liveLoad(engine: Engine, clock: Clock, call: CallOptions): Promise<Load | undefined> {
  const before = await engine.load?.(call);
  if (before?.generatedTokens === undefined || before.tokensPerSecond !== undefined || before.running === 0) {
    return before;
  }
  await pause(clock, MEASURE_MS, call.signal);
  const after = await engine.load?.(call);
  if (after?.generatedTokens === undefined) return before;
  // it was restarted between the two
  if (after.generatedTokens < before.generatedTokens) return after;
  return { ...after, tokensPerSecond: ((after.generatedTokens - before.generatedTokens) * 1000) / MEASURE_MS };
}
