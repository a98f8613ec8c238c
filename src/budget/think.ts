/**
 * The loop: reads a stream until thinking ends, whichever way it does.
 *
 * Tokens that hold a piece of a marker are overhead, never thinking; characters behind the end marker, also those of
 * the token that straddles it, belong to the answer.
 */
import { EngineTimeoutError } from '../errors.ts';
import type { Family } from '../prompt/family.ts';
import type { Prompt } from '../engine/engine.ts';
import { possibleStart } from '../stream/marker.ts';
import type { Reading, StreamEnd } from '../stream/reading.ts';
import type { Boundary } from '../stream/trail.ts';
import type { Deadline } from './deadline.ts';
import { MECHANISMS, type Mechanism } from './mechanism.ts';
import type { Plan } from './plan.ts';
import type { Asks, Thought } from './story.ts';

type Task = {
  readonly reading: Reading;
  readonly plan: Pick<Plan, 'mechanism' | 'thinkingTokens' | 'lineWindow' | 'answerTokens'>;
  readonly family: Pick<Family, 'startMarker' | 'endMarker'>;
  readonly state: Prompt['thinking'];
  /** the prompt is hidden, and opens thinking: a stream without a start marker begins within thinking */
  readonly opensUnseen?: boolean;
  readonly deadline: Deadline;
  readonly askedAt: number;
  /** called after each piece, with the thinking tokens so far */
  readonly progress: (thinkingTokens: number) => void;
};

const NOWHERE: Boundary = { tokens: 0, chars: 0 };

/** No thinking: the stream is the answer from its first token. */
const UNTHOUGHT = {
  next: 'flows on',
  tokens: 0,
  text: '',
  markerTokens: 0,
  endOfTurnTokens: 0,
  answerFrom: NOWHERE,
} as const;

/** Thinking from a start marker on, after the thinking of blocks before it: one budget holds for all of them. */
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
    // a whole turn in which nothing closes the thinking is an answer
    if (isUnseen && thought.endedBy === 'unclosed') return { ...UNTHOUGHT, endedBy: 'none' };
    const next = thought.next === 'flows on' ? await opening(task, thought.answerFrom) : undefined;
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
    if (event !== 'alarm') continue;
    if (reading.takeBuffered()) return { kind: 'unopened' };
    return { kind: words !== '' || trail.tokens === 0 ? 'late' : 'unopened' };
  }
}

async function readBlock(task: Task, block: Block): Promise<Thought> {
  const { reading, plan } = task;
  const { trail } = reading;
  const { start } = block;
  let searched = start.chars;
  for (;;) {
    const over = settled(task, block, searched);
    // oxlint-disable-next-line no-await-in-loop -- a stream is read piece by piece
    const thought = over && (await over);
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
function settled(task: Task, block: Block, searched: number): Promise<Thought | undefined> | undefined {
  const { reading, plan, family } = task;
  const full = block.start.tokens + plan.thinkingTokens - block.tokens;
  const text = reading.trail.since(searched);
  const found = text.indexOf(family.endMarker);
  // what nearly every token comes to: nothing is awaited for it
  if (found === -1 && reading.trail.tokens <= full + MECHANISMS[plan.mechanism].lead) return undefined;
  return found === -1 ? overBudget(task, block, searched, full) : closed(task, block, searched + found, full);
}

/** Without a whole marker: cut, unless one has begun in time. */
async function overBudget(task: Task, block: Block, searched: number, full: number): Promise<Thought | undefined> {
  const { reading, plan, family } = task;
  const { trail } = reading;
  if ((await tokensSoFar(reading)) <= full + MECHANISMS[plan.mechanism].lead) return undefined;
  const begins = possibleStart(trail.since(searched), family.endMarker);
  const before = begins === undefined ? undefined : await trail.boundaryByChars(searched + begins);
  const mayClose = before !== undefined && (await isInTime(task, before, full));
  return mayClose ? undefined : cut(task, block, 'budget');
}

/** The end marker stands at `at`: it has to begin with the token after the budget at the latest. */
async function closed(task: Task, block: Block, at: number, full: number): Promise<Thought> {
  const { reading, plan, family } = task;
  const { trail } = reading;
  const { start } = block;
  const ends = at + family.endMarker.length;
  const [before, after] = await Promise.all([trail.boundaryByChars(at), trail.boundaryAfterChars(ends)]);
  if (!(await isInTime(task, before, full))) return cut(task, block, 'budget');
  const tokens = block.tokens + Math.max(0, Math.min(before.tokens, full) - start.tokens);
  return {
    next: 'flows on',
    // a server that holds the budget ends the thinking where it is full
    endedBy: MECHANISMS[plan.mechanism].isServers && tokens >= plan.thinkingTokens ? 'budget' : 'model',
    tokens,
    text: block.text + trail.slice(start.chars, at),
    markerTokens: after.tokens - tokens,
    endOfTurnTokens: 0,
    answerFrom: { ...after, chars: ends },
  };
}

/** Within the budget, but for blank tokens that the server's own closer begins with. */
async function isInTime({ reading, plan }: Task, { tokens, chars }: Boundary, full: number): Promise<boolean> {
  if (tokens <= full) return true;
  if (tokens > full + MECHANISMS[plan.mechanism].lead) return false;
  const budget = await reading.trail.boundaryByTokens(full);
  return reading.trail.slice(budget.chars, chars).trim() === '';
}

/** The server was to hold the budget, and the cut had to be ours all the same. */
export function overran(mechanism: Mechanism, { next, endedBy }: Pick<Thought, 'next' | 'endedBy'>): boolean {
  return MECHANISMS[mechanism].isServers && endedBy === 'budget' && next === 'ask';
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
  const { isCapped } = MECHANISMS[task.plan.mechanism];
  const full = isCapped && end.kind === 'finished' && end.reason.unified === 'length';
  return cut(task, block, full && countedBy !== 'ids' ? 'budget' : 'server');
}

/**
 * Keeps at most the budget, ends at the last line end inside a small window (not if the model itself stopped), never
 * inside a character, and never with the beginning of a marker.
 */
async function cut(
  { reading, plan, family }: Task,
  block: Block,
  endedBy: Extract<Asks, { closed: false }>['endedBy'],
): Promise<Thought> {
  const { trail } = reading;
  const { start } = block;
  // before anything else is requested: every token more is paid for
  reading.stop();
  const full = start.tokens + plan.thinkingTokens - block.tokens;
  const lineEnd = async (until: number): Promise<Boundary | undefined> =>
    // a line end before thinking began is none of its
    endedBy === 'unclosed' ? undefined : trail.lineEnd(Math.max(start.tokens, until - plan.lineWindow), until);
  // together, so that what has to be detokenized is requested at once
  const [most] = await Promise.all([trail.boundaryByTokens(full), lineEnd(Math.min(full, trail.tokens))]);
  const end = trail.slice(Math.max(start.chars, most.chars - family.endMarker.length), most.chars);
  const half = possibleStart(end, family.endMarker);
  const last = half === undefined ? most : await trail.boundaryByChars(most.chars - end.length + half);
  const keep = later(start, (await lineEnd(last.tokens)) ?? last);
  return {
    next: 'ask',
    closed: false,
    endedBy,
    tokens: block.tokens + keep.tokens - start.tokens,
    text: block.text + trail.slice(start.chars, keep.chars),
    markerTokens: start.tokens - block.tokens,
    endOfTurnTokens: endedBy === 'unclosed' ? trail.tokens - (await trail.whole()).tokens : 0,
    keep,
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
  return new EngineTimeoutError('no token came before the time was over', {
    hint: 'raise max_seconds, or check whether the server is busy',
  });
}
