/**
 * Reads a stream until thinking ends.
 *
 * Tokens that contain part of a marker count as overhead, never as thinking. Characters after the end marker belong to
 * the answer, even if the marker's last token contains them.
 */
import { EngineTimeoutError } from '../errors.ts';
import type { Markers } from '../prompt/family.ts';
import type { Prompt } from '../engine/engine.ts';
import { beginningOf, possibleStart } from '../stream/marker.ts';
import type { Reading, StreamEnd } from '../stream/reading.ts';
import type { Boundary } from '../stream/trail.ts';
import type { Deadline } from './deadline.ts';
import { MECHANISMS, type Mechanism } from './mechanism.ts';
import type { Plan } from './plan.ts';
import type { Stop, StopRule } from './stop-rules.ts';
import type { NewRequest, SameStream, Thought } from './values.ts';

type Task = {
  readonly reading: Reading;
  readonly plan: Pick<Plan, 'mechanism' | 'thinkingTokens' | 'lineWindow' | 'answerTokens'>;
  readonly family: Markers;
  readonly state: Prompt['thinking'];
  /** the hidden prompt opens thinking: a stream without a start marker begins within thinking */
  readonly opensHidden?: boolean;
  readonly deadline: Deadline;
  readonly askedAt: number;
  /** reasons to end the thinking before its budget and time are over */
  readonly stopRules?: readonly StopRule[];
  /** called after each piece, with the thinking tokens so far */
  readonly progress: (thinkingTokens: number) => void;
};

const NOWHERE: Boundary = { tokens: 0, chars: 0 };

/** No thinking: the stream is the answer from its first token. */
const UNTHOUGHT = {
  next: 'same stream',
  tokens: 0,
  text: '',
  markerTokens: 0,
  endOfTurnTokens: 0,
  answerFrom: NOWHERE,
} as const;

/** Thinking from a start marker on. `tokens` and `text` are from the blocks before it: all blocks share one budget. */
type Block = { readonly start: Boundary; readonly tokens: number; readonly text: string };

export async function think(task: Task): Promise<Thought> {
  if (task.state === 'closed') return { ...UNTHOUGHT, endedBy: 'off' };
  const first: Opening = task.state === 'open' ? { kind: 'opened', at: NOWHERE } : await opening(task, NOWHERE);
  if (first.kind === 'lost') throw first.cause;
  if (first.kind === 'late') throw tooSlow();
  const isHidden = first.kind === 'unopened' && task.opensHidden === true;
  if (first.kind === 'unopened' && !isHidden) return answeredFrom({ ...UNTHOUGHT, endedBy: 'none' }, first.at);
  let before: SameStream | undefined;
  let block: Block = { start: first.kind === 'opened' ? first.at : NOWHERE, tokens: 0, text: '' };
  for (;;) {
    // oxlint-disable no-await-in-loop -- a stream is read from its beginning to its end
    const thought = await readBlock(task, block);
    // if the turn ended without an end marker, the expectation was wrong and the whole text is the answer
    if (isHidden && thought.endedBy === 'unclosed') return { ...UNTHOUGHT, endedBy: 'none' };
    const isBlank = thought.text.slice(block.text.length).trim() === '';
    if (thought.endedBy === 'unclosed' && isBlank && task.family.header === undefined) {
      // the turn ends with a start marker: behind thinking, or with thinking off, the marker is the answer
      if (before !== undefined) return before;
      if (task.plan.mechanism === 'off') return { ...UNTHOUGHT, endedBy: 'none' };
    }
    if (thought.next !== 'same stream') return thought;
    before = thought;
    const next = await opening(task, thought.answerFrom);
    // oxlint-enable no-await-in-loop
    if (next.kind === 'unopened') return answeredFrom(thought, next.at);
    if (next.kind !== 'opened') return thought;
    block = { start: next.at, tokens: thought.tokens, text: `${thought.text}\n` };
  }
}

/** The answer begins at `at`: behind a header if the family has one. Tokens of the header are overhead. */
function answeredFrom(thought: SameStream, at: Boundary): SameStream {
  return { ...thought, answerFrom: at, markerTokens: at.tokens - thought.tokens };
}

type Opening =
  | { readonly kind: 'opened' | 'unopened'; readonly at: Boundary }
  /** the time ended, or the connection broke, before the stream showed whether it thinks */
  | { readonly kind: 'late' }
  | { readonly kind: 'lost'; readonly cause: Error };

/** Whether the model opens thinking itself: the next text after `from` is a start marker or header, or is the answer. */
async function opening(task: Task, from: Boundary): Promise<Opening> {
  const { reading, family } = task;
  const { trail } = reading;
  for (;;) {
    const text = trail.since(from.chars);
    const begins = beginningOf(text, family);
    if (begins.kind !== 'undecided') {
      const kind = begins.kind === 'thinking' ? 'opened' : 'unopened';
      const chars = from.chars + begins.at;
      return { kind, at: begins.at === 0 ? from : { ...(await trail.boundaryAfterChars(chars)), chars } };
    }
    if (reading.end?.kind === 'lost') return reading.end;
    if (reading.end !== undefined) return { kind: 'unopened', at: from };
    const isBlank = text.trim() === '';
    // the rest of a marker that has begun is awaited until the final deadline
    const until = isBlank ? alarm(task) : task.deadline.at;
    // oxlint-disable-next-line no-await-in-loop -- a stream is read piece by piece
    const event = await reading.next(until);
    if (event !== 'alarm') continue;
    if (reading.takeBuffered()) return { kind: 'unopened', at: from };
    return !isBlank || trail.tokens === 0 ? { kind: 'late' } : { kind: 'unopened', at: from };
  }
}

async function readBlock(task: Task, block: Block): Promise<Thought> {
  const { reading, plan } = task;
  const { trail } = reading;
  const { start } = block;
  let searched = start.chars;
  for (;;) {
    const over = closedOrOverBudget(task, block, searched);
    // oxlint-disable-next-line no-await-in-loop -- a stream is read piece by piece
    const thought = over && (await over);
    if (thought !== undefined) return thought;
    if (reading.end !== undefined) return ended(task, block, reading.end);
    const stop = stopOf(task, block);
    // oxlint-disable-next-line no-await-in-loop -- as above
    if (stop !== undefined) return cutAt(task, block, stop);
    task.progress(Math.min(block.tokens + trail.tokens - start.tokens, plan.thinkingTokens));
    searched = Math.max(start.chars, trail.length - task.family.endMarker.length + 1);
    // oxlint-disable-next-line no-await-in-loop -- as above
    const event = await reading.next(alarm(task));
    if (event === 'alarm' && trail.tokens === 0) throw tooSlow();
    if (event === 'alarm') return cut(task, block, 'deadline');
  }
}

function stopOf({ stopRules = [], reading: { trail } }: Task, { start }: Block): Stop | undefined {
  for (const rule of stopRules) {
    const stop = rule(trail, start.tokens);
    if (stop !== undefined) return stop;
  }
  return undefined;
}

/**
 * If a server that renders the prompt itself ignores that thinking is off, a second request would think again: the thinking
 * is not cut, and the result reports that the budget was not honored.
 */
function budgetOf({ plan, state }: Task): number {
  return plan.mechanism === 'off' && state === 'hidden' ? Infinity : plan.thinkingTokens;
}

/** The thinking, if closed or over the budget; undefined while neither is certain. `searched`: no marker before it. */
function closedOrOverBudget(task: Task, block: Block, searched: number): Promise<Thought | undefined> | undefined {
  const { reading, plan, family } = task;
  const full = block.start.tokens + budgetOf(task) - block.tokens;
  const text = reading.trail.since(searched);
  const found = text.indexOf(family.endMarker);
  // the usual case: returning without a promise saves an await per token
  if (found === -1 && reading.trail.tokens <= full + MECHANISMS[plan.mechanism].lead) return undefined;
  return found === -1 ? overBudget(task, block, searched, full) : closed(task, block, searched + found, full);
}

/** No whole marker was found: cuts the thinking, unless a marker has begun within the budget. */
async function overBudget(task: Task, block: Block, searched: number, full: number): Promise<Thought | undefined> {
  const { reading, plan, family } = task;
  const { trail } = reading;
  if ((await tokensSoFar(reading)) <= full + MECHANISMS[plan.mechanism].lead) return undefined;
  const begins = possibleStart(trail.since(searched), family.endMarker);
  const before = begins === undefined ? undefined : await trail.boundaryByChars(searched + begins);
  const mayClose = before !== undefined && (await isInTime(task, before, full));
  return mayClose ? undefined : cut(task, block, 'budget');
}

/** The end marker begins at `at`. It is in time if its first token directly follows the budget or comes earlier. */
async function closed(task: Task, block: Block, at: number, full: number): Promise<Thought> {
  const { reading, plan, family } = task;
  const { trail } = reading;
  const { start } = block;
  const ends = at + family.endMarker.length;
  const [before, after] = await Promise.all([trail.boundaryByChars(at), trail.boundaryAfterChars(ends)]);
  if (!(await isInTime(task, before, full))) return cut(task, block, 'budget');
  const tokens = block.tokens + Math.max(0, Math.min(before.tokens, full) - start.tokens);
  return {
    next: 'same stream',
    // a server that enforces the budget writes the end marker exactly at the budget
    endedBy: MECHANISMS[plan.mechanism].isServers && tokens >= plan.thinkingTokens ? 'budget' : 'model',
    tokens,
    text: block.text + trail.slice(start.chars, at),
    markerTokens: after.tokens - tokens,
    endOfTurnTokens: 0,
    answerFrom: { ...after, chars: ends },
  };
}

/** Whether a position is within the budget, apart from blank tokens with which the server's own closer begins. */
async function isInTime({ reading, plan }: Task, { tokens, chars }: Boundary, full: number): Promise<boolean> {
  if (tokens <= full) return true;
  if (tokens > full + MECHANISMS[plan.mechanism].lead) return false;
  const budget = await reading.trail.boundaryByTokens(full);
  return reading.trail.slice(budget.chars, chars).trim() === '';
}

/** Whether the server had to enforce the budget and thinkmeter made the cut instead. */
export function overran(mechanism: Mechanism, { next, endedBy }: Pick<Thought, 'next' | 'endedBy'>): boolean {
  return MECHANISMS[mechanism].isServers && endedBy === 'budget' && next === 'new request';
}

/** Tokens so far, without an end-of-turn token. */
async function tokensSoFar({ trail, end }: Reading): Promise<number> {
  const stopped = end?.kind === 'finished' && end.reason.unified === 'stop';
  return stopped ? (await trail.whole()).tokens : trail.tokens;
}

/** The stream ended while thinking was open: its finish reason shows why. */
function ended(task: Task, block: Block, end: StreamEnd): Promise<Thought> {
  if (end.kind === 'finished' && end.reason.unified === 'stop') return cut(task, block, 'unclosed');
  // without ids our own count may be too low, but the server stopped exactly at our cap: the budget was used up
  const { countedBy } = task.reading;
  const { isCapped } = MECHANISMS[task.plan.mechanism];
  const full = isCapped && end.kind === 'finished' && end.reason.unified === 'length';
  return cut(task, block, full && countedBy !== 'ids' ? 'budget' : 'server');
}

/**
 * Cuts thinking within the budget, at the last line end inside a small window; if the model stopped, at its end. The cut
 * is never inside a character, and never after the beginning of a marker. `most`: tokens of the trail that may stay.
 */
async function cut(
  task: Task,
  block: Block,
  endedBy: Extract<NewRequest, { closed: false }>['endedBy'],
  most = Infinity,
): Promise<Thought> {
  const { reading, plan, family } = task;
  const { trail } = reading;
  const { start } = block;
  // the abort comes first: the server generates, and the operator pays, until it arrives
  reading.stop();
  const full = Math.min(most, start.tokens + budgetOf(task) - block.tokens);
  const lineEnd = async (until: number): Promise<Boundary | undefined> =>
    // line ends before the start of this thinking do not count
    endedBy === 'unclosed' ? undefined : trail.lineEnd(Math.max(start.tokens, until - plan.lineWindow), until);
  // concurrently, so that both lookups share their detokenize requests
  const [last] = await Promise.all([trail.boundaryByTokens(full), lineEnd(Math.min(full, trail.tokens))]);
  const end = trail.slice(Math.max(start.chars, last.chars - family.endMarker.length), last.chars);
  const half = possibleStart(end, family.endMarker);
  const whole = half === undefined ? last : await trail.boundaryByChars(last.chars - end.length + half);
  const keep = later(start, (await lineEnd(whole.tokens)) ?? whole);
  return {
    next: 'new request',
    closed: false,
    endedBy,
    tokens: block.tokens + keep.tokens - start.tokens,
    text: block.text + trail.slice(start.chars, keep.chars),
    markerTokens: start.tokens - block.tokens,
    endOfTurnTokens: endedBy === 'unclosed' ? trail.tokens - (await trail.whole()).tokens : 0,
    keep,
  };
}

/** Cuts where a stop rule says. */
async function cutAt(task: Task, block: Block, stop: Stop): Promise<Thought> {
  const { reading } = task;
  reading.stop();
  const tokens = 'tokens' in stop ? stop.tokens : (await reading.trail.boundaryByChars(stop.chars)).tokens;
  return cut(task, block, stop.endedBy, tokens);
}

/** A cut never lies before the beginning of the thinking. */
function later(a: Boundary, b: Boundary): Boundary {
  return b.tokens < a.tokens || b.chars < a.chars ? a : b;
}

function alarm({ deadline, plan, askedAt, reading }: Pick<Task, 'deadline' | 'plan' | 'askedAt' | 'reading'>): number {
  return deadline.thinkingUntil(plan.answerTokens, askedAt, reading);
}

function tooSlow(): EngineTimeoutError {
  return new EngineTimeoutError('max_seconds passed before the first token', {
    hint: 'raise max_seconds, or check whether the server is busy',
  });
}
