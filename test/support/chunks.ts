/** Token ids as pieces, the way vLLM's incremental detokenizer and its `stream_interval` make them. */
import type { FinishReason, Piece } from '../../src/engine/engine.ts';
import { createDetokenizer } from './fake-vllm/detokenizer.ts';
import type { FakeModel } from './fake-vllm/model.ts';
import type { Step } from './scripted-engine.ts';
import type { Tokens } from './tokens.ts';

export function finish(raw: string): FinishReason {
  return { raw, unified: raw === 'stop' || raw === 'length' ? raw : 'other' };
}

/** An id a piece. */
export function says(tokens: Tokens, text: string): Piece[] {
  return inChunks(tokens, tokens.encode(text), [1]);
}

/** The same, with a pause before each. */
export function saysSlowly(tokens: Tokens, text: string, msPerToken: number): Step[] {
  return says(tokens, text).flatMap((piece) => [{ wait: msPerToken }, piece]);
}

/** The model ends its turn: an id without text. */
export function turnEnds(tokens: Tokens): Piece {
  return { ids: [tokens.endOfTurn], text: '', finish: finish('stop') };
}

/** The server ends the stream. */
export function serverEnds(raw: string): Piece {
  return { ids: [], text: '', finish: finish(raw) };
}

/** A line, again and again. */
export function* forEver(tokens: Tokens, line: string): Generator<Piece> {
  const pieces = says(tokens, line);
  for (;;) yield* pieces;
}

/**
 * What reaches us of these ids, in chunks of these sizes, over and over. What does not make a character yet has no text;
 * the end of the turn has none at all. With a reason, the last piece says why it ended.
 */
export function inChunks(
  tokens: Tokens,
  ids: readonly number[],
  sizes: readonly number[],
  reason?: FinishReason,
): Piece[] {
  return merged(oneByOne(tokens, ids, reason), sizes);
}

export function merged(pieces: readonly Piece[], sizes: readonly number[]): Piece[] {
  const chunks: Piece[] = [];
  for (let from = 0, turn = 0; from < pieces.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    const together = pieces.slice(from, from + size);
    from += size;
    const end = together.find((piece) => piece.finish !== undefined)?.finish;
    chunks.push({
      ids: together.flatMap(({ ids }) => ids),
      text: together.map(({ text }) => text).join(''),
      ...(end === undefined ? {} : { finish: end }),
    });
  }
  return chunks;
}

export function oneByOne(tokens: Tokens, ids: readonly number[], reason?: FinishReason): Piece[] {
  const options = { skipSpecialTokens: false, stop: [], includeStop: false, minTokens: 0 };
  const model: Pick<FakeModel, 'decode'> = { decode: (some) => tokens.decode(some) };
  const detokenizer = createDetokenizer(model as FakeModel, [], options);
  return ids.map((id, index) => {
    const last = index === ids.length - 1;
    detokenizer.push(id, { hidden: id === tokens.endOfTurn });
    const text = detokenizer.take({ finished: last });
    return { ids: [id], text, ...(last && reason !== undefined ? { finish: reason } : {}) };
  });
}
