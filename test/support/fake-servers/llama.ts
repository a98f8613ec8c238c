/**
 * llama.cpp's own `POST /completion`, and its `POST /v1/completions`, streamed (server-context.cpp, process_token): a
 * chunk an id, none while the text ends within a character, the end of turn as an id without text, then a last one that
 * stops. Special tokens are not shown but where the request preserves them.
 */
import * as z from 'zod';
import { head, newEnvelope } from '../fake-vllm/answer-format.ts';
import { openEvents } from './events.ts';
import type { Host } from './host.ts';
import { checked, generationFields, parsed, type Answering } from './request.ts';
import { usageFormat } from './usage.ts';
import { write, type Step } from './writing.ts';

const prompted = {
  prompt: z.union([z.string(), z.array(z.int())]),
  preserved_tokens: z.array(z.string()).default([]),
};

const ownBody = z.looseObject({
  ...prompted,
  n_predict: z.int().default(-1),
  n_probs: z.int().default(0),
  stream: z.literal(true, 'the fake servers only stream'),
});

const openAiBody = z.looseObject({ ...generationFields, ...prompted });

export async function answerLlama({ response, ...making }: Answering): Promise<void> {
  const { host, record } = making;
  const { window, dialect } = host;
  const asked = parsed(ownBody, record.body);
  const promptIds = idsOf(host, asked.prompt);
  const maxTokens = asked.n_predict < 0 ? window : asked.n_predict;
  const steps = write(making, { promptIds, maxTokens, budget: undefined, skipSpecialTokens: false });
  const events = openEvents(response, dialect.headers ?? {});
  const counts = (): object => ({ tokens_predicted: record.generated.length, tokens_evaluated: promptIds.length });
  let stopType = 'none';
  for await (const { id, text, finish } of sent(host, steps, asked.preserved_tokens)) {
    if (finish !== undefined) stopType = finish === 'stop' ? 'eos' : 'limit';
    else {
      const probabilities = id === undefined ? {} : probabilitiesOf(id, asked.n_probs);
      events.json({ index: 0, content: text, tokens: [id], stop: false, id_slot: 0, ...counts(), ...probabilities });
    }
  }
  const end = { stop: true, stop_type: stopType, stopping_word: '', truncated: false, timings: { cache_n: 0 } };
  events.json({ index: 0, content: '', tokens: [], id_slot: 0, ...end, ...counts() });
  events.end();
}

/** No ids, and usage in the last chunk, whatever was asked (server-task.cpp, to_json_oaicompat). */
export async function answerLlamaAsOpenAi({ response, ...making }: Answering): Promise<void> {
  const { host, record } = making;
  const asked = checked(host, record.body, openAiBody);
  const promptIds = idsOf(host, asked.prompt);
  const maxTokens = asked.max_tokens ?? host.window;
  const steps = write(making, { promptIds, maxTokens, budget: undefined, skipSpecialTokens: false });
  const events = openEvents(response, host.dialect.headers ?? {});
  const envelope = head(newEnvelope('chatcmpl', host.name), 'text_completion');
  const usage = usageFormat({ usage: 'last', doneLine: true }, asked.stream_options, promptIds.length);
  for await (const { text, finish } of sent(host, steps, asked.preserved_tokens)) {
    events.json({
      ...envelope,
      choices: [{ text, index: 0, logprobs: null, finish_reason: finish ?? null }],
      ...usage.inChunk(record, finish !== undefined),
    });
  }
  events.end('[DONE]');
}

/** The model is certain of what it writes; after that come the first ids of the vocabulary (server-task.cpp, probs_vector_to_json). */
function probabilitiesOf(id: number, most: number): object {
  if (most === 0) return {};
  const others = Array.from({ length: most }, (_, other) => other).filter((other) => other !== id);
  const top = [{ id, logprob: -0.00002 }, ...others.map((other) => ({ id: other, logprob: -12 }))].slice(0, most);
  return { completion_probabilities: [{ ...top[0], top_logprobs: top }] };
}

type Sent = Pick<Step, 'text' | 'finish'> & { readonly id?: number };

/** The last one has neither id nor text, and says how it ended. */
async function* sent({ model }: Host, steps: AsyncIterable<Step>, named: readonly string[]): AsyncGenerator<Sent> {
  const preserved = named
    .map((text) => model.encode(text, { specialTokens: false }))
    .flatMap((ids) => (ids.length === 1 ? ids : []));
  const bytesOf = (id: number): Uint8Array => {
    const hidden = model.decode([id], { skipSpecialTokens: true }) === '' && !preserved.includes(id);
    return (hidden ? undefined : model.bytes([id])[0]) ?? new Uint8Array();
  };
  let unsent = Buffer.alloc(0);
  let ended: Step['finish'];
  for await (const { id, finish } of steps) {
    unsent = Buffer.concat([unsent, bytesOf(id)]);
    ended = finish;
    if (endsWithinCharacter(unsent)) continue;
    yield { id, text: unsent.toString(), finish: undefined };
    unsent = Buffer.alloc(0);
  }
  if (ended !== undefined) yield { text: '', finish: ended };
}

function idsOf({ model }: Host, prompt: string | readonly number[]): readonly number[] {
  return typeof prompt === 'string' ? model.encode(prompt, { specialTokens: true }) : prompt;
}

function endsWithinCharacter(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return false;
  } catch {
    return true;
  }
}
