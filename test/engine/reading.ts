/** Questions, and a generation read to its end. */
import type { Engine, FinishReason, Limits, Piece } from '../../src/engine/engine.ts';
import { questionParts, systemParts, type Question } from '../../src/prompt/question.ts';

export type Asked = Pick<Question, 'system' | 'user'>;

export function ask(question: string): Asked {
  return { system: systemParts('You are a careful reasoner.', undefined), user: questionParts(question, undefined) };
}

export type Read = {
  readonly pieces: readonly Piece[];
  readonly ids: readonly number[];
  readonly text: string;
  /** of the last piece */
  readonly finish: FinishReason | undefined;
};

export function greedily(maxTokens: number): Limits {
  return { maxTokens, sampling: { temperature: 0 } };
}

/** A signal that never fires. */
export function forever(): AbortSignal {
  return new AbortController().signal;
}

export async function read(generation: AsyncIterable<Piece>): Promise<Read> {
  const pieces: Piece[] = [];
  for await (const piece of generation) pieces.push(piece);
  return {
    pieces,
    ids: pieces.flatMap(({ ids }) => ids),
    text: pieces.map(({ text }) => text).join(''),
    finish: pieces.at(-1)?.finish,
  };
}

/** What a promise fails with; fails itself when it does not. At once, so that nothing is left unheard meanwhile. */
export function failure(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => {
      throw new Error('this should have failed');
    },
    (reason: unknown) => (reason instanceof Error ? reason : new Error(String(reason))),
  );
}

/** Renders a question and continues it. */
export async function generate(engine: Engine, question: string, limits: Limits, thinking = true): Promise<Read> {
  const signal = forever();
  const { ids } = await engine.render(ask(question), thinking, { signal });
  return read(engine.generate(ids, limits, { signal }));
}
