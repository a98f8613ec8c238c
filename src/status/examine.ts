/** An examination: the status, after what only generating can tell was tried. A few dozen tokens. */
import type { Outcome } from '../budget/outcome.ts';
import { proveNative } from '../evidence/native-proof.ts';
import { run } from '../run/run.ts';
import type { CallOptions, EngineStatus } from '../engine/engine.ts';
import { ThinkmeterError, toSentence } from '../errors.ts';
import type { Question } from '../prompt/question.ts';
import type { Finding } from './findings.ts';
import { collectStatus, type Status, type StatusParts } from './status.ts';

export type Examination = {
  readonly status: Status;
  /** a call as a client makes it; absent: none could be made */
  readonly outcome?: Outcome;
};

const CALL: Question = {
  system: [{ from: 'ours', text: 'You are a careful reasoner.' }],
  user: [{ from: 'ours', text: '12^2 + 345*7 - 2^9 = ?' }],
  thinkingBudget: { tokens: 64, given: false },
  answerTokens: { tokens: 64, given: false },
  maxSeconds: 60,
};

export async function examine(parts: StatusParts, call: CallOptions): Promise<Examination> {
  const { engine, trust, clock } = parts;
  const { signal } = call;
  const first = await collectStatus(parts, call);
  const { facts } = first;
  if (facts === undefined) return { status: first };
  if (facts.native !== undefined) {
    await trust.holds(facts.server, 'native', () => proveNative({ engine, signal, inTime: signal, clock }, facts));
  }
  try {
    const startedAt = clock.now();
    const outcome = await run(CALL, engine, { runId: 'examination', signal, clock, startedAt, trust });
    const status = await collectStatus(parts, call);
    const clumped = clumps(outcome, status.engine);
    return { status: clumped === undefined ? status : { ...status, findings: [...status.findings, clumped] }, outcome };
  } catch (error) {
    if (signal.aborted || !(error instanceof ThinkmeterError)) throw error;
    const status = await collectStatus(parts, call);
    const finding = { what: `a call failed: ${error.message}`, fix: error.hint ?? toSentence(error), grave: true };
    return { status: { ...status, findings: [...status.findings, finding] } };
  }
}

/** So many chunks at a time are no accident, in a stream of so many. */
const CLUMP = { chunks: 24, together: 4 } as const;

/** A proxy that buffers hands a stream on in clumps: tokens come late, and a cut comes late as well. */
function clumps({ flow }: Outcome, engine: EngineStatus | undefined): Finding | undefined {
  const together = flow.chunks / Math.max(1, flow.arrivals);
  if (flow.chunks < CLUMP.chunks || together < CLUMP.together) return undefined;
  return {
    what: `tokens come about ${Math.round(together)} at a time: ${engine?.answeredBy ?? 'something on the way'} holds the stream back, so cuts and progress come late`,
    fix: 'look at what buffers between here and the server; where it is nginx, set `proxy_buffering off;`',
    grave: false,
  };
}
