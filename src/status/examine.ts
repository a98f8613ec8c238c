/** An examination: the status, after what only generating can show was tried. A few dozen tokens. */
import type { Outcome } from '../budget/outcome.ts';
import type { EngineStatus } from '../engine/engine.ts';
import { ThinkmeterError, toSentence } from '../errors.ts';
import { proveNative } from '../evidence/native-proof.ts';
import type { Question } from '../prompt/question.ts';
import type { Finding } from './findings.ts';
import { collectStatus, type Status, type StatusParts } from './status.ts';

export type Examination = {
  readonly status: Status;
  /** a call as a client makes it; absent: none could be made */
  readonly outcome?: Outcome;
};

export type ExamineParts = StatusParts & {
  readonly signal: AbortSignal;
  /** a call of the same kind as every other: in turn, counted, by the operator's mechanism; what it showed is put down */
  readonly call: (question: Question) => Promise<Outcome>;
};

const CALL: Question = {
  system: [{ from: 'ours', text: 'You are a careful reasoner.' }],
  user: [{ from: 'ours', text: '12^2 + 345*7 - 2^9 = ?' }],
  thinkingBudget: { tokens: 64, given: false },
  answerTokens: { tokens: 64, given: false },
  maxSeconds: 60,
};

export async function examine(parts: ExamineParts): Promise<Examination> {
  const { engine, evidence, clock, signal } = parts;
  const first = await collectStatus(parts, { signal, fresh: true });
  if (first.facts === undefined) return { status: first };
  try {
    if (first.facts.native !== undefined) {
      const session = await engine.open({ signal });
      await evidence.of(session.facts.server).prove(
        () => proveNative(session, clock, signal),
        () => clock.now(),
      );
    }
    const outcome = await parts.call(CALL);
    const status = await collectStatus(parts, { signal });
    const clumped = clumps(outcome, status.engine);
    return { status: clumped === undefined ? status : { ...status, findings: [...status.findings, clumped] }, outcome };
  } catch (error) {
    if (signal.aborted || !(error instanceof ThinkmeterError) || error.audience === 'nobody') throw error;
    const status = await collectStatus(parts, { signal });
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
    what: `about ${Math.round(together)} tokens arrive at a time: ${engine?.answeredBy ?? 'something between here and the server'} buffers the stream, so cuts and progress are late`,
    fix: 'find what buffers the stream between here and the server; if it is nginx, set `proxy_buffering off;`',
    grave: false,
  };
}
