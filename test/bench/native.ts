/** One run by vLLM's own budget (`thinking_token_budget` on `/v1/completions`), with its thinking tokens counted. */
import { possibleStart, withoutMarkers } from '../../src/stream/marker.ts';
import { Trail } from '../../src/stream/trail.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { idsOf } from '../../src/engine/token-ids.ts';
import { parseAddress } from '../../src/engine/remote/http/address.ts';
import type { Question } from '../../src/prompt/question.ts';

type NativeOptions = { readonly budget: number; readonly answerTokens: number; readonly signal: AbortSignal };

/** room for thinking that does not heed its budget */
const OVERRUN = 600;

export async function nativeRun(
  engine: Engine,
  baseUrl: string,
  question: Pick<Question, 'system' | 'user'>,
  { budget, answerTokens, signal }: NativeOptions,
): Promise<{ answer: string; thinkingTokens: number }> {
  const session = await engine.open({ signal });
  const { model, family } = session.facts;
  const maxTokens = budget + OVERRUN + answerTokens;
  const { beginning } = await session.render(question, { thinking: true, room: maxTokens, signal });
  // it may go as text: nothing appended gives its ids
  const nothing = { ids: [], text: '', reasoning: '', open: false };
  const { beginning: ids } = await session.extend(beginning, nothing, { signal });
  const body = {
    model,
    prompt: idsOf(ids).ids,
    max_tokens: maxTokens,
    temperature: 0,
    thinking_token_budget: budget,
    return_token_ids: true,
    skip_special_tokens: false,
  };
  const { root } = parseAddress(baseUrl);
  const response = await patiently(() =>
    fetch(`${root}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal,
    }),
  );
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  const { choices } = (await response.json()) as { choices: { text: string; token_ids: number[] }[] };
  const { text = '', token_ids: tokenIds = [] } = choices[0] ?? {};
  const trail = new Trail((stretch) => session.decode(stretch, { signal }));
  trail.append(tokenIds, text);
  const end = text.indexOf(family.endMarker);
  const thinking = end === -1 ? (possibleStart(text, family.endMarker) ?? text.length) : end;
  const { tokens } = await trail.boundaryByChars(thinking);
  const answer = end === -1 ? '' : withoutMarkers(text.slice(end), [family.endMarker]);
  return { answer, thinkingTokens: tokens };
}

/** uvicorn closes idle connections after 5 s, also in the moment in which they are used again: others may be as old. */
async function patiently<T>(call: () => Promise<T>, tries = 20): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (tries === 1) throw error;
    return patiently(call, tries - 1);
  }
}
