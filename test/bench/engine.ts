/** What the benchmarks of a model share: its engine, and what it is asked. */
import { createEmbeddedEngine } from '../../src/engine/embedded/engine.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { createRemoteEngine } from '../../src/engine/remote/engine.ts';
import { questionParts, systemParts, type Question } from '../../src/prompt/question.ts';
import type { Problem } from './problems.ts';

/** A running server, or else a model in this process. */
export function engineOf({ 'base-url': baseUrl, model }: { 'base-url'?: string; model: string }): Engine {
  if (baseUrl !== undefined) return createRemoteEngine({ baseUrl });
  const worker = new URL('../../dist/worker.js', import.meta.url);
  return createEmbeddedEngine({ worker, model, library: 'onnxruntime' });
}

export function promptOf({ question }: Problem): Pick<Question, 'system' | 'user'> {
  return { system: systemParts('You are a careful reasoner.', undefined), user: questionParts(question, undefined) };
}
