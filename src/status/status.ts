/** What an operator wants to know: is it up, what can it do, how fast is it, what was spent. Without generating. */
import type { Clock } from '../clock.ts';
import type { CallOptions, Engine, EngineStatus, Facts, Load, OpenOptions, Session } from '../engine/engine.ts';
import { ThinkmeterError, toSentence } from '../errors.ts';
import type { EvidenceOfServers } from '../evidence/evidence.ts';
import type { Speeds } from '../evidence/speed-model.ts';
import { costOf } from '../spending/prices.ts';
import type { Spending } from '../spending/spending.ts';
import type { Use } from '../spending/use.ts';
import { limit, pause } from '../wait.ts';
import { findings, type Finding } from './findings.ts';

export type Status = {
  /** absent: nothing could be asked, and `findings` says why */
  readonly facts?: Facts;
  readonly engine?: EngineStatus;
  readonly load?: Load;
  /** mechanisms that were tried on this server, and what came of it */
  readonly tried: Readonly<Record<string, string>>;
  /** of this process's recent calls */
  readonly speeds?: Speeds;
  /** by this process */
  readonly spent: Use & { readonly cost?: number };
  readonly findings: readonly Finding[];
};

export type StatusParts = {
  readonly engine: Engine;
  readonly evidence: EvidenceOfServers;
  readonly spending: Spending;
  readonly clock: Clock;
  /** what is wrong or risky in the settings; a grave one: no call can be answered, so the engine is not opened */
  readonly settings?: readonly Finding[];
  /** what became wrong while the program ran */
  readonly troubles?: () => readonly Finding[];
};

/** Nobody waits longer for a status. */
const LONGEST_MS = 15_000;

/** Between two readings of a counter, where the server does not tell its speed itself. */
const MEASURE_MS = 400;

export async function collectStatus(
  { settings = [], troubles = () => [], ...parts }: StatusParts,
  callers: OpenOptions,
): Promise<Status> {
  if (settings.some(({ grave }) => grave)) return { tried: {}, spent: spentBy(parts.spending), findings: settings };
  const status = await askEngine(parts, callers);
  return { ...status, findings: [...settings, ...troubles(), ...status.findings] };
}

async function askEngine(
  { engine, evidence, spending, clock }: Omit<StatusParts, 'settings' | 'troubles'>,
  callers: OpenOptions,
): Promise<Status> {
  const spent = spentBy(spending);
  const inTime = limit(callers.signal, LONGEST_MS, clock);
  const call = { ...callers, signal: inTime.signal };
  try {
    const session = await engine.open(call);
    const { facts } = session;
    const [server, load] = await Promise.all([session.status?.(call), liveLoad(session, clock, call)]);
    const shown = evidence.of(facts.server);
    const known = {
      facts,
      ...(server && { engine: server }),
      ...(load && { load }),
      tried: shown.summary(clock.now()),
      speeds: shown.speed.speeds(clock.now()),
      spent,
    };
    const { promptRatio } = shown;
    return { ...known, findings: findings({ ...known, ...(promptRatio !== undefined && { promptRatio }) }) };
  } catch (error) {
    if (inTime.expired) {
      const finding = {
        what: `the server did not answer within ${LONGEST_MS / 1000} seconds`,
        fix: 'check whether the server is still loading its model, and check any gateway in front of it',
        grave: true,
      };
      return { tried: {}, spent, findings: [finding] };
    }
    if (callers.signal.aborted || !(error instanceof ThinkmeterError)) throw error;
    const what = error.message;
    return { tried: {}, spent, findings: [{ what, fix: error.hint ?? toSentence(error), grave: true }] };
  } finally {
    inTime.release();
  }
}

function spentBy(spending: Spending): Status['spent'] {
  const use = spending.total();
  const cost = costOf(use, spending.prices);
  return { ...use, ...(cost !== undefined && { cost }) };
}

/** With a speed, also where it has to be measured: only while something runs is there one. */
async function liveLoad(session: Session, clock: Clock, call: CallOptions): Promise<Load | undefined> {
  const before = await session.load?.(call);
  if (before?.generatedTokens === undefined || before.tokensPerSecond !== undefined || before.running === 0) {
    return before;
  }
  await pause(MEASURE_MS, call.signal, clock);
  const after = await session.load?.(call);
  if (after?.generatedTokens === undefined) return before;
  // it was restarted between the two
  if (after.generatedTokens < before.generatedTokens) return after;
  return { ...after, tokensPerSecond: ((after.generatedTokens - before.generatedTokens) * 1000) / MEASURE_MS };
}
