/**
 * How vLLM keeps a thinking budget: by exact token ids, and by nothing else. A start that the tokenizer merged with its
 * neighbour is not there, and a thought after it has no end.
 */
import type { Writer } from './generation.ts';
import type { FakeModel } from './model.ts';
import { THINK_END, THINK_START, type Served } from './served.ts';

type Marks = {
  readonly start: readonly number[];
  /** by which the model ends its thinking itself */
  readonly end: readonly number[];
  /** what is forced when the budget is spent */
  readonly forced: readonly number[];
};

/** Each text encoded by itself, as vLLM does it when it starts. */
function marksOf(model: FakeModel, reasoningEnd: string): Marks {
  const alone = (text: string): number[] => model.encode(text, { specialTokens: false });
  return { start: alone(THINK_START), end: alone(THINK_END), forced: alone(reasoningEnd) };
}

type State =
  | { readonly kind: 'writing'; readonly write: Writer }
  | { readonly kind: 'forcing'; readonly left: readonly number[] };

/**
 * Writes on until the thinking has had its tokens, those of the prompt among them; then the end, id by id; then what the
 * model writes after that, for which it is asked anew.
 */
export function withinBudget(
  served: Pick<Served, 'model' | 'reasoningEnd'>,
  { promptIds, thinkingBudget }: { readonly promptIds: readonly number[]; readonly thinkingBudget: number },
  ask: (generated: readonly number[]) => Writer,
): Writer {
  const marks = marksOf(served.model, served.reasoningEnd);
  const ids = [...promptIds];
  let known = 0;
  let searchFrom = 0;
  let state: State = { kind: 'writing', write: ask([]) };
  return (generated) => {
    ids.push(...generated.slice(known));
    known = generated.length;
    if (state.kind === 'forcing' && state.left.length === 0) {
      searchFrom = ids.length;
      state = { kind: 'writing', write: ask(generated) };
    }
    if (state.kind === 'writing' && tokensThought(ids, marks, searchFrom) >= thinkingBudget) {
      state = { kind: 'forcing', left: marks.forced };
    }
    if (state.kind === 'writing') return state.write(generated);
    const [forced, ...left]: readonly number[] = state.left;
    state = { kind: 'forcing', left };
    return forced;
  };
}

/** The tokens after the last start, if no end comes after it; otherwise less than any budget. */
function tokensThought(ids: readonly number[], { start, end }: Marks, searchFrom: number): number {
  const started = lastIndexOf(ids, start, searchFrom);
  if (started < 0 || lastIndexOf(ids, end, searchFrom) > started) return -1;
  return ids.length - started - start.length;
}

function lastIndexOf(ids: readonly number[], sought: readonly number[], from: number): number {
  for (let at = ids.length - sought.length; at >= from; at -= 1) {
    if (sought.every((id, offset) => ids[at + offset] === id)) return at;
  }
  return -1;
}
