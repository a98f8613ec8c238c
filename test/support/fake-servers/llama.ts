/**
 * llama.cpp's own `POST /completion`, streamed (server-context.cpp, process_token): a chunk an id, none while the text
 * ends within a character, the end of turn as an id without text, then a last one that stops. Special tokens are not
 * shown but where the request preserves them.
 */
import * as z from 'zod';
import { openEvents } from './events.ts';
import { parsed, type Answering } from './request.ts';
import { write } from './writing.ts';

const completionBody = z.looseObject({
  prompt: z.union([z.string(), z.array(z.int())]),
  n_predict: z.int().default(-1),
  stream: z.literal(true, 'the fake servers only stream'),
  preserved_tokens: z.array(z.string()).default([]),
});

export async function answerLlama({ response, ...making }: Answering): Promise<void> {
  const { host, record } = making;
  const { model, window, dialect } = host;
  const asked = parsed(completionBody, record.body);
  const { prompt } = asked;
  const promptIds = typeof prompt === 'string' ? model.encode(prompt, { specialTokens: true }) : prompt;
  const preserved = asked.preserved_tokens
    .map((text) => model.encode(text, { specialTokens: false }))
    .flatMap((ids) => (ids.length === 1 ? ids : []));
  const bytesOf = (id: number): Uint8Array => {
    const hidden = model.decode([id], { skipSpecialTokens: true }) === '' && !preserved.includes(id);
    return (hidden ? undefined : model.bytes([id])[0]) ?? new Uint8Array();
  };
  const maxTokens = asked.n_predict < 0 ? window : asked.n_predict;
  const steps = write(making, { promptIds, maxTokens, budget: undefined, skipSpecialTokens: false });
  const events = openEvents(response, dialect.headers ?? {});
  const counts = (): object => ({ tokens_predicted: record.generated.length, tokens_evaluated: promptIds.length });
  let unsent = Buffer.alloc(0);
  let stopType = 'none';
  for await (const { id, finish } of steps) {
    unsent = Buffer.concat([unsent, bytesOf(id)]);
    if (finish !== undefined) stopType = finish === 'stop' ? 'eos' : 'limit';
    if (endsWithinCharacter(unsent)) continue;
    events.json({ index: 0, content: unsent.toString(), tokens: [id], stop: false, id_slot: 0, ...counts() });
    unsent = Buffer.alloc(0);
  }
  const end = { stop: true, stop_type: stopType, stopping_word: '', truncated: false, timings: { cache_n: 0 } };
  events.json({ index: 0, content: '', tokens: [], id_slot: 0, ...end, ...counts() });
  events.end();
}

function endsWithinCharacter(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return false;
  } catch {
    return true;
  }
}
