/** What "the model" writes, id by id, with vLLM's rules for when it ends. Pure: time and the wire are elsewhere. */
import type { Detokenizer } from './detokenizer.ts';
import type { GenerationRequest } from './generation-request.ts';
import type { FakeModel } from './model.ts';

export type ScriptPrompt = {
  readonly ids: readonly number[];
  /** with special tokens shown */
  readonly text: string;
  /** what this model's family writes between its thinking and its answer */
  readonly closer: string;
};

/**
 * What the model writes after this prompt. Text is tokenised (special tokens are recognised in it), numbers are ids; a
 * generator may go on for ever. When it ends the server adds the end-of-turn id. When a budget closed the thought, the
 * script is asked again, with what was generated at the end of the prompt.
 */
export type Script = (prompt: ScriptPrompt) => string | Iterable<number | string>;

export type Finish = { readonly reason: string; readonly stopReason: number | string | null };

export type Step = { readonly id: number; readonly finish: Finish | undefined };

/** What comes after the ids that were generated so far; undefined: the model has no more to say. */
export type Writer = (generated: readonly number[]) => number | undefined;

export type GenerationLimits = Pick<GenerationRequest, 'maxTokens' | 'minTokens' | 'stopTokenIds' | 'includeStop'>;

export function* generate(
  model: FakeModel,
  write: Writer,
  detokenizer: Detokenizer,
  limits: GenerationLimits,
): Generator<Step, void> {
  const ends = (id: number): boolean => id === model.eosId || limits.stopTokenIds.includes(id);
  const filler = model.encode('\n', { specialTokens: false })[0] ?? 0;
  const generated: number[] = [];
  for (let count = 1; ; count += 1) {
    const mayEnd = count > limits.minTokens;
    const next = (): number | undefined => write(generated);
    const id = nextId(next, mayEnd ? model.eosId : filler, (candidate) => mayEnd || !ends(candidate));
    generated.push(id);
    const stopped = ends(id);
    const stop = detokenizer.push(id, { hidden: stopped && !limits.includeStop });
    const finish = finishOf({ id, stopped, stop, eosId: model.eosId, full: count >= limits.maxTokens });
    yield { id, finish };
    if (finish !== undefined) return;
  }
}

/** Below `min_tokens` an id that would end the turn cannot be chosen: it is passed over. */
function nextId(next: () => number | undefined, atEnd: number, allowed: (id: number) => boolean): number {
  for (;;) {
    const id = next();
    if (id === undefined) return atEnd;
    if (allowed(id)) return id;
  }
}

function finishOf(step: {
  readonly id: number;
  readonly stopped: boolean;
  readonly stop: string | undefined;
  readonly eosId: number;
  readonly full: boolean;
}): Finish | undefined {
  if (step.stop !== undefined) return { reason: 'stop', stopReason: step.stop };
  // the model's own end of turn has no stop_reason, an id that the request named has
  if (step.stopped) return { reason: 'stop', stopReason: step.id === step.eosId ? null : step.id };
  return step.full ? { reason: 'length', stopReason: null } : undefined;
}

/** Writes a script to its end, whatever the server does with it. */
export function writerOf(ids: Iterator<number>): Writer {
  return () => {
    const next = ids.next();
    return next.done === true ? undefined : next.value;
  };
}

export function* scriptIds(model: FakeModel, output: string | Iterable<number | string>): Generator<number, void> {
  for (const part of typeof output === 'string' ? [output] : output) {
    if (typeof part === 'number') yield part;
    else yield* model.encode(part, { specialTokens: false });
  }
}
