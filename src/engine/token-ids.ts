/** A prompt as token ids, and how what is kept of a stream is appended to it: the same for every engine that takes ids. */
import { InvariantError } from '../errors.ts';
import type { Closer } from '../prompt/family.ts';
import type { Rendered } from '../prompt/render.ts';
import type { Beginning, Extended, Kept, Prompt } from './engine.ts';

export type IdsBeginning = Beginning & {
  readonly ids: readonly number[];
  /** the text of its last few tokens */
  readonly tail: string;
};

export function beginningOf(ids: readonly number[], tail: string): IdsBeginning {
  return { promptTokens: ids.length, exact: true, ids, tail };
}

export function toPrompt({ ids, thinking, tail, opened }: Rendered): Prompt & { readonly beginning: IdsBeginning } {
  return { beginning: beginningOf(ids, tail), thinking, opened };
}

/** @throws {InvariantError} when another kind of session made it */
export function idsOf(from: Beginning): IdsBeginning {
  if (!('ids' in from)) throw new InvariantError('this prompt was not rendered as token ids');
  return from as IdsBeginning;
}

type Parts = {
  readonly closer: Closer<readonly number[]>;
  /** for a stream whose tokens came without ids */
  readonly encode: (text: string) => Promise<readonly number[]>;
};

export async function extendIds(from: IdsBeginning, kept: Kept, { closer, encode }: Parts): Promise<Extended> {
  const ids = kept.ids ?? (await encode(kept.text));
  const tail = kept.text === '' ? from.tail : kept.text;
  const form = tail.endsWith('\n') ? closer.afterLine : closer.elsewhere;
  const closing = kept.open ? form : [];
  return {
    beginning: beginningOf([...from.ids, ...ids, ...closing], tail),
    closerTokens: closing.length,
    restartsAnswer: false,
  };
}

export function longest({ afterLine, elsewhere }: Closer<readonly number[]>): number {
  return Math.max(afterLine.length, elsewhere.length);
}
