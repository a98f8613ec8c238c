/** Questions, and a generation read to its end. Each helper opens a session of its own, as a run does. */
import type {
  Beginning,
  CallOptions,
  Engine,
  Facts,
  FinishReason,
  Limits,
  Piece,
  Prompt,
} from '../../src/engine/engine.ts';
import { beginningOf, idsOf, type IdsBeginning } from '../../src/engine/token-ids.ts';
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

export async function factsOf(engine: Engine, signal = forever()): Promise<Facts> {
  return (await engine.open({ signal })).facts;
}

export async function promptOf(engine: Engine, question: string, thinking = true, signal = forever()): Promise<Prompt> {
  const session = await engine.open({ signal });
  return session.render(ask(question), { thinking, room: 0, signal });
}

/** The question as token ids. */
export async function idsFor(engine: Engine, question: string, thinking = true): Promise<readonly number[]> {
  return (await exactly(engine, (await promptOf(engine, question, thinking)).beginning)).ids;
}

/** A beginning with its ids, also if it is sent as text. */
export async function exactly(engine: Engine, beginning: Beginning): Promise<IdsBeginning> {
  const signal = forever();
  const session = await engine.open({ signal });
  const nothing = { ids: [], text: '', reasoning: '', open: false };
  return idsOf((await session.extend(beginning, nothing, { signal })).beginning);
}

export async function decode(engine: Engine, ids: readonly number[]): Promise<string> {
  const signal = forever();
  return (await engine.open({ signal })).decode(ids, { signal });
}

/** Continues these ids. */
export async function* generateFrom(
  engine: Engine,
  ids: readonly number[],
  limits: Limits,
  call: CallOptions = { signal: forever() },
): AsyncGenerator<Piece> {
  const session = await engine.open(call);
  yield* session.generate(beginningOf(ids, ''), limits, call);
}

/** Cuts thinking behind these ids: the beginning that an answer is generated from. */
export async function cut(
  engine: Engine,
  prompt: readonly number[],
  kept: Pick<Read, 'ids' | 'text'>,
): Promise<IdsBeginning & { readonly closerTokens: number }> {
  const signal = forever();
  const session = await engine.open({ signal });
  const { ids, text } = kept;
  const extended = await session.extend(
    beginningOf(prompt, ''),
    { ids, text, reasoning: text, open: true },
    { signal },
  );
  return { ...idsOf(extended.beginning), closerTokens: extended.closerTokens };
}

/** Renders a question and continues it, in one session. */
export async function generate(engine: Engine, question: string, limits: Limits, thinking = true): Promise<Read> {
  const signal = forever();
  const session = await engine.open({ signal });
  const { beginning } = await session.render(ask(question), { thinking, room: limits.maxTokens, signal });
  return read(session.generate(beginning, limits, { signal }));
}
