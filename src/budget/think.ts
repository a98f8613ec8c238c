/**
 * The loop: reads a stream until thinking ends, whichever way it does.
 *
 * Tokens that hold a piece of a marker are overhead, never thinking; characters behind the end marker, also those of
 * the token that straddles it, belong to the answer.
 */
import { EngineTimeoutError } from '../errors.ts';
import type { Family, ThinkingState } from '../prompt/family.ts';
import type { Deadline } from './deadline.ts';
import { possibleStart } from '../stream/marker.ts';
import type { Mechanism } from './mechanism.ts';
import type { Plan } from './plan.ts';
import type { Reading, StreamEnd } from '../stream/reading.ts';
import type { Boundary } from '../stream/trail.ts';

/** How thinking ended; the words of the result (design: results, word for word). */
export type ThinkingEnd = 'model' | 'budget' | 'deadline' | 'unclosed' | 'none' | 'server' | 'off';

export type Thought = {
  readonly endedBy: ThinkingEnd;
  /** what counts as thinking and reaches the answer */
  readonly tokens: number;
  readonly text: string;
  /** tokens of the start marker, where the model opened thinking itself, and of the end marker */
  readonly markerTokens: number;
  /** of an end-of-turn token inside open thinking, which is dropped */
  readonly endOfTurnTokens: number;
  /** where the answer goes on in the same stream, or up to where the stream is kept and closed by us */
  readonly until: Boundary;
  /** the answer is in this same stream */
  readonly flowsOn: boolean;
};

type Task = {
  readonly reading: Reading;
  readonly plan: Pick<Plan, 'mechanism' | 'thinkingTokens' | 'leadTokens' | 'lineWindow' | 'answerTokens'>;
  readonly family: Pick<Family, 'startMarker' | 'endMarker'>;
  readonly state: ThinkingState;
  /** the prompt is not shown, and opens thinking: a stream without a start marker begins within a thought */
  readonly opensUnseen?: boolean;
  readonly deadline: Deadline;
  readonly askedAt: number;
  /** called after each piece, with the thinking tokens so far */
  readonly progress: (thinkingTokens: number) => void;
};

const NOWHERE: Boundary = { tokens: 0, chars: 0 };

/** No thinking: the stream is the answer from its first token. */
const UNTHOUGHT = { tokens: 0, text: '', markerTokens: 0, endOfTurnTokens: 0, until: NOWHERE, flowsOn: true } as const;

/** Thinking from a start marker on, after what was thought in blocks before it: one budget holds for all of them. */
type Block = { readonly start: Boundary; readonly tokens: number; readonly text: string };

export async function think(task: Task): Promise<Thought> {
  if (task.state === 'closed') return { ...UNTHOUGHT, endedBy: 'off' };
  const first: Opening = task.state === 'open' ? { kind: 'opened', at: NOWHERE } : await opening(task, NOWHERE);
  if (first.kind === 'lost') throw first.cause;
  if (first.kind === 'late') throw tooSlow();
  const isUnseen = first.kind === 'unopened' && task.opensUnseen === true;
  if (first.kind === 'unopened' && !isUnseen) return { ...UNTHOUGHT, endedBy: 'none' };
  let block: Block = { start: first.kind === 'opened' ? first.at : NOWHERE, tokens: 0, text: '' };
  for (;;) {
    // oxlint-disable no-await-in-loop -- a stream is read from its beginning to its end
    const thought = await readBlock(task, block);
    // a whole turn in which nothing closes a thought is an answer
    if (isUnseen && thought.endedBy === 'unclosed') return { ...UNTHOUGHT, endedBy: 'none' };
    const next = thought.flowsOn ? await opening(task, thought.until) : undefined;
    // oxlint-enable no-await-in-loop
    if (next?.kind !== 'opened') return thought;
    block = { start: next.at, tokens: thought.tokens, text: `${thought.text}\n` };
  }
}

type Opening =
  | { readonly kind: 'opened'; readonly at: Boundary }
  | { readonly kind: 'unopened' }
  /** the time was over, or the stream broke off, before it could be told */
  | { readonly kind: 'late' }
  | { readonly kind: 'lost'; readonly cause: Error };

/** Where thinking begins when the model opens it itself, behind `from`: its next words are the start marker, or not. */
async function opening(task: Task, from: Boundary): Promise<Opening> {
  const { reading, family } = task;
  const { trail } = reading;
  for (;;) {
    const text = trail.since(from.chars);
    const words = text.trimStart();
    if (words.startsWith(family.startMarker)) {
      const chars = from.chars + text.indexOf(family.startMarker) + family.startMarker.length;
      return { kind: 'opened', at: { ...(await trail.boundaryAfterChars(chars)), chars } };
    }
    if (!family.startMarker.startsWith(words)) return { kind: 'unopened' };
    if (reading.end?.kind === 'lost') return reading.end;
    if (reading.end !== undefined) return { kind: 'unopened' };
    // a marker that has begun is waited for as long as there is time at all
    const until = words === '' ? alarm(task) : task.deadline.at;
    // oxlint-disable-next-line no-await-in-loop -- a stream is read piece by piece
    const event = await reading.next(until);
    if (event === 'alarm') return { kind: words !== '' || trail.tokens === 0 ? 'late' : 'unopened' };
  }
}

async function readBlock(task: Task, block: Block): Promise<Thought> {
  const { reading, plan } = task;
  const { trail } = reading;
  const { start } = block;
  let searched = start.chars;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- a stream is read piece by piece
    const thought = await settled(task, block, searched);
    if (thought !== undefined) return thought;
    if (reading.end !== undefined) return ended(task, block, reading.end);
    task.progress(Math.min(block.tokens + trail.tokens - start.tokens, plan.thinkingTokens));
    searched = Math.max(start.chars, trail.length - task.family.endMarker.length + 1);
    // oxlint-disable-next-line no-await-in-loop -- as above
    const event = await reading.next(alarm(task));
    if (event === 'alarm' && trail.tokens === 0) throw tooSlow();
    if (event === 'alarm') return cut(task, block, 'deadline');
  }
}

/** Closed, or over the budget; undefined while neither is certain. What lies before `searched` holds no marker. */
async function settled(task: Task, block: Block, searched: number): Promise<Thought | undefined> {
  const { reading, plan, family } = task;
  const { trail } = reading;
  const { endMarker } = family;
  const { start } = block;
  const full = start.tokens + plan.thinkingTokens - block.tokens;
  const text = trail.since(searched);
  const found = text.indexOf(endMarker);
  if (found === -1 && (await tokensSoFar(reading)) <= full + plan.leadTokens) return undefined;
  // the marker, whole or possible, has to begin with the token after the budget at the latest
  const begins = found === -1 ? possibleStart(text, endMarker) : found;
  const before = begins === undefined ? undefined : await trail.boundaryByChars(searched + begins);
  if (before === undefined || !(await isInTime(task, before, full))) return cut(task, block, 'budget');
  if (found === -1) return undefined;
  const at = searched + found;
  const behind = { ...(await trail.boundaryAfterChars(at + endMarker.length)), chars: at + endMarker.length };
  const tokens = block.tokens + Math.max(0, Math.min(before.tokens, full) - start.tokens);
  return {
    // a server that was asked to hold the budget ends the thinking where it is full
    endedBy: plan.mechanism === 'native' && tokens >= plan.thinkingTokens ? 'budget' : 'model',
    tokens,
    text: block.text + trail.slice(start.chars, at),
    markerTokens: behind.tokens - tokens,
    endOfTurnTokens: 0,
    until: behind,
    flowsOn: true,
  };
}

/** Within the budget, but for blank tokens that the server's own closer begins with. */
async function isInTime({ reading, plan }: Task, { tokens, chars }: Boundary, full: number): Promise<boolean> {
  if (tokens <= full) return true;
  if (tokens > full + plan.leadTokens) return false;
  const budget = await reading.trail.boundaryByTokens(full);
  return reading.trail.slice(budget.chars, chars).trim() === '';
}

/** The server was asked to hold the budget, and the cut had to be ours all the same. */
export function overran(mechanism: Mechanism, { endedBy, flowsOn }: Pick<Thought, 'endedBy' | 'flowsOn'>): boolean {
  return mechanism === 'native' && endedBy === 'budget' && !flowsOn;
}

/** Tokens so far, without an end of turn. */
async function tokensSoFar({ trail, end }: Reading): Promise<number> {
  const stopped = end?.kind === 'finished' && end.reason.unified === 'stop';
  return stopped ? (await trail.whole()).tokens : trail.tokens;
}

/** What the stream's own end means for open thinking. */
function ended(task: Task, block: Block, end: StreamEnd): Promise<Thought> {
  if (end.kind === 'finished' && end.reason.unified === 'stop') return cut(task, block, 'unclosed');
  // the cap was ours: the server has counted what we could only estimate
  const { countedBy } = task.reading;
  const full = task.plan.mechanism === 'two_call' && end.kind === 'finished' && end.reason.unified === 'length';
  return cut(task, block, full && countedBy !== 'ids' ? 'budget' : 'server');
}

/**
 * Keeps at most the budget, ends at the last line end inside a small window (not where the model itself stopped),
 * never inside a character, and never with the beginning of a marker.
 */
async function cut(
  { reading, plan, family }: Task,
  block: Block,
  endedBy: 'budget' | 'deadline' | 'unclosed' | 'server',
): Promise<Thought> {
  const { trail } = reading;
  const { start } = block;
  // before anything else is asked: every token more is paid for
  reading.stop();
  const most = await trail.boundaryByTokens(start.tokens + plan.thinkingTokens - block.tokens);
  const end = trail.slice(Math.max(start.chars, most.chars - family.endMarker.length), most.chars);
  const half = possibleStart(end, family.endMarker);
  const last = half === undefined ? most : await trail.boundaryByChars(most.chars - end.length + half);
  // a line end before thinking began is none of its
  const after = Math.max(start.tokens, last.tokens - plan.lineWindow);
  const line = endedBy === 'unclosed' ? undefined : await trail.lineEnd(after, last.tokens);
  const until = later(start, line ?? last);
  return {
    endedBy,
    tokens: block.tokens + until.tokens - start.tokens,
    text: block.text + trail.slice(start.chars, until.chars),
    markerTokens: start.tokens - block.tokens,
    endOfTurnTokens: endedBy === 'unclosed' ? trail.tokens - (await trail.whole()).tokens : 0,
    until,
    flowsOn: false,
  };
}

/** A cut never goes back before thinking began. */
function later(a: Boundary, b: Boundary): Boundary {
  return b.tokens < a.tokens || b.chars < a.chars ? a : b;
}

function alarm({ deadline, plan, askedAt, reading }: Pick<Task, 'deadline' | 'plan' | 'askedAt' | 'reading'>): number {
  return deadline.thinkingUntil(plan.answerTokens, askedAt, reading);
}

function tooSlow(): EngineTimeoutError {
  return new EngineTimeoutError('the time for thinking was over before a thought had begun', {
    hint: 'raise max_seconds, or look at what the server is doing',
  });
}
