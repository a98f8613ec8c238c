/** Reads the answer's share of a stream, which may have begun with thinking. */
import type { Reading } from '../stream/reading.ts';
import type { Boundary } from '../stream/trail.ts';
import type { Deadline } from './deadline.ts';

/** How reading the answer ended; `server` is a limit of its own, `lost` a broken connection. */
export type AnswerStop = 'stop' | 'length' | 'deadline' | 'server' | 'lost';

export type AnswerPart = {
  readonly endedBy: AnswerStop;
  readonly text: string;
  /** without the end-of-turn token */
  readonly tokens: number;
  readonly endOfTurnTokens: number;
  /** up to where the stream is kept, should it have to be continued */
  readonly until: Boundary;
  readonly firstTokenAt: number | undefined;
};

/** A whole answer; of several parts if a stream broke within it, or a capped first request ended there. */
export type Answer = {
  readonly parts: readonly AnswerPart[];
  readonly closerTokens: number;
  /** it comes from a request whose prompt nobody saw, made for the answer alone: that prompt may have opened thinking */
  readonly isFromHiddenPrompt: boolean;
};

type Task = {
  readonly reading: Reading;
  readonly from: Boundary;
  readonly answerTokens: number;
  readonly deadline: Deadline;
  /** called after each piece, with the answer tokens so far */
  readonly progress: (answerTokens: number) => void;
  readonly now: () => number;
};

export async function readAnswer({ reading, from, answerTokens, deadline, progress, now }: Task): Promise<AnswerPart> {
  const { trail } = reading;
  let firstTokenAt: number | undefined;
  let late = false;
  for (;;) {
    const received = trail.tokens - from.tokens;
    if (received > 0) firstTokenAt ??= now();
    progress(Math.min(received, answerTokens));
    // one piece more than is wanted: an answer of exactly this length is whole if the turn ends there
    if (received > answerTokens || late || reading.end !== undefined) break;
    // oxlint-disable-next-line no-await-in-loop -- a stream is read piece by piece
    late = (await reading.next(deadline.at)) === 'alarm';
  }
  if (late) reading.takeBuffered();
  const end = { tokens: trail.tokens, chars: trail.length };
  // at the deadline nothing is requested any more, not even where a character ends
  const whole = late ? end : await trail.whole();
  const full = whole.tokens - from.tokens >= answerTokens;
  const until = full ? await trail.boundaryByTokens(from.tokens + answerTokens) : whole;
  const stopped = reading.end?.kind === 'finished' && reading.end.reason.unified === 'stop';
  const endOfTurnTokens = stopped ? trail.tokens - whole.tokens : 0;
  // some servers say `stop` at the limit as well; a turn that really ended shows its end-of-turn token
  const endedFull = full && !(endOfTurnTokens > 0 && whole.tokens === until.tokens);
  return {
    endedBy: endedFull ? 'length' : howItEnded(reading, late),
    text: trail.slice(from.chars, until.chars),
    tokens: Math.max(0, until.tokens - from.tokens),
    endOfTurnTokens,
    until: until.tokens < from.tokens ? from : until,
    firstTokenAt,
  };
}

function howItEnded({ end }: Reading, late: boolean): AnswerStop {
  if (end === undefined) return late ? 'deadline' : 'length';
  if (end.kind === 'lost') return 'lost';
  return end.reason.unified === 'stop' ? 'stop' : 'server';
}
