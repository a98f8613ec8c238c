/** How tokens come in chunks changes nothing of what is thought, answer and overhead: a property, for any tokenizer. */
import * as fc from 'fast-check';
import { expect } from 'vitest';
import type { Outcome } from '../../src/budget/outcome.ts';
import type { Family, ThinkingState } from '../../src/prompt/family.ts';
import { finish, merged, oneByOne } from '../support/chunks.ts';
import { lost, type ScriptOfAll, type Step } from '../support/scripted-engine.ts';
import { turn } from '../support/texts.ts';
import type { Tokens } from '../support/tokens.ts';
import { promptOf, start, type Started } from './start-run.ts';

export type Model = { readonly tokens: Tokens; readonly family: Family; readonly state: ThinkingState };

export type Written = {
  /** ends with the end-of-turn token */
  readonly ids: readonly number[];
  readonly budget: number;
  readonly answerTokens: number;
  /** of its chunks, or tokens that each connection carries, over and over */
  readonly sizes: readonly number[];
};

/** What a model writes, and how it is asked for. */
export function written({ tokens, family, state }: Model): fc.Arbitrary<Written> {
  const { startMarker, endMarker } = family;
  const texts = turn.map((all) => {
    const own = all.map((text) => text.replace('</think>', () => endMarker));
    return state === 'none' ? [startMarker, ...own] : own;
  });
  const rest = {
    budget: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 100 })),
    answerTokens: fc.constantFrom(10, 1000),
    sizes: fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 }),
  };
  // a model need not write the tokens that its tokenizer makes of a text
  return fc.record({ texts, asOneText: fc.boolean(), ...rest }).map(({ texts: all, asOneText, ...others }) => {
    const ids = asOneText ? tokens.encode(all.join('')) : all.flatMap((text) => tokens.encode(text));
    return { ids: [...ids, tokens.endOfTurn], ...others };
  });
}

type Split = { readonly closes: boolean; readonly tokens: number; readonly text: string };

/** The split by the definition, from all that is known of each token. */
function splitByDefinition({ tokens, family, state }: Model, { ids, budget }: Written): Split {
  const pieces = oneByOne(tokens, ids.slice(0, -1));
  const text = pieces.map((piece) => piece.text).join('');
  let chars = 0;
  // after so many tokens there are so many characters, none of them half
  const ends = pieces.flatMap((piece, index) => {
    chars += piece.text.length;
    return piece.text === '' ? [] : [{ tokens: index + 1, chars }];
  });
  const opened = state === 'none' ? family.startMarker.length : 0;
  const first = opened === 0 ? 0 : (ends.find((end) => end.chars >= opened)?.tokens ?? 0);
  const at = text.indexOf(family.endMarker, opened);
  const before = ends.findLast((end) => end.chars <= at)?.tokens ?? 0;
  const thinking = Math.max(0, before - first);
  return { closes: at !== -1 && thinking <= budget, tokens: thinking, text: text.slice(opened, at) };
}

export type Chunking = 'one by one' | 'in chunks' | 'over connections that break';

/** Runs it, checks what can be told beforehand, and gives what no chunking may change. */
export async function splitOf(model: Model, given: Written, chunking: Chunking): Promise<unknown> {
  const { tokens, family, state } = model;
  const { ids, budget, answerTokens, sizes } = given;
  // as a server does: no more than asked for, and the last chunk says why it is the last
  const first: ScriptOfAll = ({ maxTokens }) => {
    const pieces = oneByOne(tokens, ids.slice(0, maxTokens), finish(ids.length <= maxTokens ? 'stop' : 'length'));
    return chunking === 'in chunks' ? merged(pieces, sizes) : pieces;
  };
  const second = oneByOne(tokens, [...tokens.encode('42 .'), tokens.endOfTurn], finish('stop'));
  const split = splitByDefinition(model, given);
  const scripts = split.closes ? [first] : [first, second];
  const breaking = overConnections(model, given, second);
  const isBreaking = chunking === 'over connections that break';
  const run = start({ tokens, family, state, budget, answerTokens, scripts: isBreaking ? breaking : scripts });
  const outcome = await run.outcome();
  const { counts, reasoning, thinkingEndedBy } = outcome;
  if (split.closes) {
    expect({ thinkingEndedBy, reasoning, tokens: counts.thinking }).toEqual({
      thinkingEndedBy: 'model',
      reasoning: split.text,
      tokens: split.tokens,
    });
  } else {
    expect(['budget', 'unclosed']).toContain(thinkingEndedBy);
    if (!isBreaking) expectWholeContinuation(model, given, run, outcome);
  }
  return {
    thinkingEndedBy,
    reasoning,
    answer: outcome.answer,
    counts: { thinking: counts.thinking, marker: counts.marker, closer: counts.closer, answer: counts.answer },
  };
}

/**
 * The model writes the same whether it was interrupted or not: what comes next follows from the ids it is given. A request
 * that follows no break is that of a cut, whose closer may be the very ids that the model would have written.
 */
function overConnections({ tokens, state }: Model, { ids, sizes }: Written, second: readonly Step[]): ScriptOfAll {
  const promptTokens = promptOf(tokens, state).beginning.promptTokens;
  let connection = 0;
  let isBroken = true;
  function* until(pieces: readonly Step[]): Generator<Step> {
    yield* pieces;
    isBroken = true;
    yield lost;
  }
  return ({ ids: asked, maxTokens }) => {
    if (!isBroken) return second;
    isBroken = false;
    const received = asked.slice(promptTokens);
    expect(received).toEqual(ids.slice(0, received.length));
    const left = ids.slice(received.length);
    const pieces = oneByOne(tokens, left.slice(0, maxTokens), finish(left.length <= maxTokens ? 'stop' : 'length'));
    const carried = Math.max(4, sizes[connection++ % sizes.length] ?? 1);
    return carried < pieces.length ? until(pieces.slice(0, carried)) : pieces;
  };
}

/** The second request is what the first one gave, up to the end of a character, and the closer. */
function expectWholeContinuation(model: Model, { ids }: Written, run: Started, { counts, reasoning }: Outcome): void {
  const { tokens, family, state } = model;
  const again = run.engine.requests[1]?.ids ?? [];
  const kept = again.slice(run.prompt.beginning.ids.length, again.length - counts.closer);
  expect(kept).toEqual(ids.slice(0, counts.marker + counts.thinking));
  const text = tokens.decode(kept);
  const opening = state === 'none' ? family.startMarker : '';
  // a token may hold the end of the start marker and what follows
  expect(text.slice(0, opening.length + (reasoning === '' ? 0 : Infinity))).toBe(opening + reasoning);
  expect(text).not.toContain('\uFFFD');
  const { afterLine, elsewhere } = run.engine.closer;
  const onLine = reasoning === '' ? state === 'open' : reasoning.endsWith('\n');
  expect(again.slice(again.length - counts.closer)).toEqual(onLine ? afterLine : elsewhere);
}
