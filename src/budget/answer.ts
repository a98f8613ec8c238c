/** Reads the answer from a stream, which may have begun with thinking. */
import type { Reading } from '../stream/reading.ts';
import type { Boundary } from '../stream/trail.ts';
import type { Deadline } from './deadline.ts';

/** Why the answer ended. `server`: a limit of the server's own; `lost`: a broken connection. */
export type AnswerStop = 'stop' | 'length' | 'deadline' | 'server' | 'lost';

export type AnswerPart = {
  readonly endedBy: AnswerStop;
  readonly text: string;
  /** without the end-of-turn token */
  readonly tokens: number;
  readonly endOfTurnTokens: number;
  /** if the stream has to be continued, its tokens up to here are kept */
  readonly until: Boundary;
  readonly firstTokenAt: number | undefined;
};

/** An answer. It has several parts if a stream broke, or a capped first request ended, within it. */
export type Answer = {
  readonly parts: readonly AnswerPart[];
  readonly closerTokens: number;
  /** a request made only for the answer rendered its prompt on the server, and that hidden prompt may open thinking */
  readonly isFromHiddenPrompt: boolean;
  /** the answer was changed to fit the server's window */
  readonly warnings?: readonly string[];
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
    // one piece more than the limit: only that piece shows whether an answer of exactly this length is complete
    if (received > answerTokens || late || reading.end !== undefined) break;
    // oxlint-disable-next-line no-await-in-loop -- a stream is read piece by piece
    late = (await reading.next(deadline.at)) === 'alarm';
  }
  if (late) reading.takeBuffered();
  const end = { tokens: trail.tokens, chars: trail.length };
  // after the deadline nothing is requested, not even the detokenizing that finds the last whole character
  const whole = late ? end : await trail.whole();
  const full = whole.tokens - from.tokens >= answerTokens;
  const until = full ? await trail.boundaryByTokens(from.tokens + answerTokens) : whole;
  const stopped = reading.end?.kind === 'finished' && reading.end.reason.unified === 'stop';
  const endOfTurnTokens = stopped ? trail.tokens - whole.tokens : 0;
  // some servers report `stop` at the limit as well; only a turn that really ended has an end-of-turn token
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
