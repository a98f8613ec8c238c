/** A model's tokens, one by one and at their pace, into the record as well. */
import { createDetokenizer } from '../fake-vllm/detokenizer.ts';
import { generate } from '../fake-vllm/generation.ts';
import { createPace } from '../fake-vllm/pace.ts';
import { isOpen, tokensBeforeEnd, writerFor } from './budget.ts';
import type { Host, Recording } from './host.ts';
import { refuse } from './refusals.ts';

export type Task = {
  readonly promptIds: readonly number[];
  readonly maxTokens: number;
  readonly budget: number | undefined;
  /** special tokens have no text */
  readonly skipSpecialTokens: boolean;
};

export type Step = {
  readonly id: number;
  /** whole characters only, so that it may be empty */
  readonly text: string;
  readonly finish: 'stop' | 'length' | undefined;
};

/** What an answer is made with. */
export type Making = { readonly host: Host; readonly record: Recording; readonly signal: AbortSignal };

/** What is wrong with the task is told at once. */
export function write(making: Making, task: Task): AsyncGenerator<Step> {
  const { host, record } = making;
  const { promptIds } = task;
  const { window } = host;
  if (promptIds.length >= window) refuse(`the prompt's ${promptIds.length} tokens exceed the window of ${window}`);
  record.prompt = promptIds;
  return steps(making, { ...task, maxTokens: Math.min(task.maxTokens, window - promptIds.length) });
}

async function* steps({ host, record, signal }: Making, task: Task): AsyncGenerator<Step> {
  const { model, options } = host;
  const { promptIds, maxTokens, skipSpecialTokens } = task;
  const detokenizer = createDetokenizer(model, promptIds, {
    skipSpecialTokens,
    stop: [],
    includeStop: false,
    minTokens: 0,
  });
  const writer = writerFor(host, promptIds, options.ignoresBudget === true ? undefined : task.budget);
  const limits = { maxTokens, minTokens: 0, stopTokenIds: [], includeStop: false };
  const pace = createPace({ firstTokenMs: 0, msPerToken: options.msPerToken ?? 0 });
  const open = isOpen(model, promptIds);
  for (const { id, finish } of generate(model, writer, detokenizer, limits)) {
    // oxlint-disable-next-line no-await-in-loop -- a token at a time
    await pace.next(signal);
    if (signal.aborted) return;
    record.generated.push(id);
    if (open) record.thinkingTokens = tokensBeforeEnd(model, record.generated);
    const ended = finish?.reason === 'stop' ? 'stop' : 'length';
    yield {
      id,
      text: detokenizer.take({ finished: finish !== undefined }),
      finish: finish === undefined ? undefined : ended,
    };
  }
}
