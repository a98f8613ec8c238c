/** Prompts as token ids, and continuations of kept streams, for every engine that accepts ids. */
import { InvariantError } from '../errors.ts';
import type { Closer } from '../prompt/family.ts';
import type { Rendered } from '../prompt/render.ts';
import type { Beginning, Extended, Kept, Prompt } from './engine.ts';

export type IdsBeginning = Beginning & {
  readonly ids: readonly number[];
  /** the text of its last tokens */
  readonly tail: string;
};

export function beginningOf(ids: readonly number[], tail: string): IdsBeginning {
  return { promptTokens: ids.length, exact: true, ids, tail };
}

export function toPrompt(rendered: Rendered): Prompt & { readonly beginning: IdsBeginning } {
  const { ids, thinking, tail, opened, warnings = [] } = rendered;
  return { beginning: beginningOf(ids, tail), thinking, opened, warnings };
}

/** @throws {InvariantError} if a session in chat mode created the beginning */
export function idsOf(from: Beginning): IdsBeginning {
  if (!('ids' in from)) throw new InvariantError('this prompt was not rendered as token ids');
  return from as IdsBeginning;
}

type Parts = {
  readonly closer: Closer<readonly number[]>;
  /** tokenizes a stream whose tokens arrived without ids */
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
