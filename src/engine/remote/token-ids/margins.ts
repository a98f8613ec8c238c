/** How close the model was to closing its thinking, from the log-probabilities in a stream. */
import type { Piece } from '../../engine.ts';
import type { CompletionLogprobs, LlamaProbabilities } from '../http/wire.ts';

/** Spread into a piece. */
type Margins = Pick<Piece, 'margins'>;

/** Reads the margins of one stream of `/v1/completions` whose request lists the first token of the end marker. */
export class ListedMargins {
  readonly #endId: number;
  readonly #key: string;
  /** whether the server lists the token; undefined until a token other than the listed one has arrived */
  #lists: boolean | undefined;

  constructor(endId: number) {
    this.#endId = endId;
    this.#key = `token_id:${endId}`;
  }

  /** One margin per id. Nothing if the server does not know the field or sends no log-probabilities with this chunk. */
  of(ids: readonly number[], logprobs: CompletionLogprobs | null | undefined): Margins {
    const { token_logprobs: generated, top_logprobs: listed } = logprobs ?? {};
    if (ids.length === 0 || generated?.length !== ids.length || listed?.length !== ids.length) return {};
    const margins = ids.map((id, index) => this.#margin(id, generated[index], listed[index]?.[this.#key]));
    return this.#lists === false ? {} : { margins };
  }

  #margin(id: number, generated: number | null | undefined, end: number | undefined): number {
    // both are one entry, which servers that ignore the list send too
    if (id === this.#endId) return 0;
    this.#lists ??= end !== undefined;
    if (typeof generated !== 'number' || end === undefined) return Infinity;
    return generated - end;
  }
}

/**
 * The margins of a chunk of llama.cpp's `/completion`, which shows the most likely tokens in the place of its last token. It
 * shows nothing for ids within a character, and nothing if the end marker is not among the most likely tokens.
 */
export function likelyMargins(ids: readonly number[], endId: number, last: LlamaProbabilities | undefined): Margins {
  if (ids.length === 0 || last === undefined) return {};
  const end = last.top_logprobs.find(({ id }) => id === endId)?.logprob ?? -Infinity;
  const margin = last.id === endId ? 0 : last.logprob - end;
  return { margins: ids.map((_, index) => (index === ids.length - 1 ? margin : Infinity)) };
}
