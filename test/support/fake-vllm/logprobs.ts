/** `logprobs` of `/v1/completions`: of each generated token, and of the tokens that the request lists. */
import type { Shape } from './answer-format.ts';

export type Logprobs = {
  readonly text_offset: readonly number[];
  readonly token_logprobs: readonly number[];
  readonly tokens: readonly string[];
  readonly top_logprobs: readonly Readonly<Record<string, number>>[];
};

/** What is written, the model was certain of. */
const GENERATED = -0.00002;

/** Takes the ids of one chunk after the other. */
export function createLogprobs({ request, served }: Shape): (ids: readonly number[]) => Logprobs | null {
  const { promptIds, logprobs: asked } = request;
  if (asked === undefined) return () => null;
  const { model, margin } = served;
  const shown = (ids: readonly number[]): string => model.decode(ids, { skipSpecialTokens: false });
  const name = (id: number): string => (asked.asIds ? `token_id:${id}` : shown([id]));
  const before = [...promptIds];
  let offset = 0;
  const offsetOf = (token: string): number => {
    const start = offset;
    offset += Array.from(token).length;
    return start;
  };
  const topOf = (id: number): Record<string, number> => {
    const listed = GENERATED - margin(shown(before));
    before.push(id);
    // the generated token comes first, and once only
    const entries = [[id, GENERATED], ...asked.listed.filter((other) => other !== id).map((other) => [other, listed])];
    return Object.fromEntries(entries.map(([token = 0, value = 0]) => [name(token), value]));
  };
  return (ids) => {
    const tokens = ids.map(name);
    return {
      text_offset: tokens.map(offsetOf),
      token_logprobs: ids.map(() => GENERATED),
      tokens,
      top_logprobs: ids.map(topOf),
    };
  };
}
