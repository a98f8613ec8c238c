/**
 * How servers end a thought whose budget is spent: after so many generated tokens (SGLang, llama.cpp, NIM 1, hosted), or
 * as vLLM does it, by exact ids and counted from the marker in the prompt (TensorRT-LLM: llmapi/thinking_budget.py).
 */
import { withinBudget } from '../fake-vllm/budget-writer.ts';
import { scriptIds, writerOf, type Writer } from '../fake-vllm/generation.ts';
import type { FakeModel } from '../fake-vllm/model.ts';
import { thinkingIsOpen } from '../fake-vllm/scripts.ts';
import { THINK_END } from '../fake-vllm/served.ts';
import type { Host } from './host.ts';

export type Counting = 'generated' | 'from the marker';

/** What the model writes behind a prompt; asked anew behind a thought that the server closed. */
export function writerFor(
  { model, script, dialect }: Host,
  promptIds: readonly number[],
  budget: number | undefined,
): Writer {
  const ask = (generated: readonly number[]): Writer => {
    const ids = [...promptIds, ...generated];
    return writerOf(scriptIds(model, script({ ids, text: shown(model, ids), closer: model.closer })));
  };
  if (budget === undefined || !isOpen(model, promptIds)) return ask([]);
  return dialect.budget?.counts === 'from the marker'
    ? withinBudget({ model, reasoningEnd: THINK_END }, { promptIds, thinkingBudget: budget }, ask)
    : afterTokens(model, budget, ask);
}

function afterTokens(model: FakeModel, budget: number, ask: (generated: readonly number[]) => Writer): Writer {
  const forced = model.encode(THINK_END, { specialTokens: false });
  let write = ask([]);
  let spent = false;
  let asked = false;
  return (generated) => {
    spent ||= generated.length === budget && !shown(model, generated).includes(THINK_END);
    const next = spent ? forced.shift() : undefined;
    if (next !== undefined) return next;
    if (spent && !asked) write = ask(generated);
    asked = spent;
    return write(generated);
  };
}

export function shown(model: FakeModel, ids: readonly number[]): string {
  return model.decode(ids, { skipSpecialTokens: false });
}

/** The prompt leaves thinking open. */
export function isOpen(model: FakeModel, promptIds: readonly number[]): boolean {
  return thinkingIsOpen({ text: shown(model, promptIds) });
}

/** Tokens that lie wholly before the end marker, without an end of turn. */
export function tokensBeforeEnd(model: FakeModel, generated: readonly number[]): number {
  const ids = generated.filter((id) => id !== model.eosId);
  const bytes = model.bytes(ids);
  const end = Buffer.concat(bytes).indexOf(THINK_END);
  if (end < 0) return ids.length;
  let until = 0;
  return bytes.filter((token) => (until += token.length) <= end).length;
}
