/** Reads what `record.py` wrote: one exchange per file. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const recording = z.object({
  request: z.object({ method: z.string(), path: z.string(), body: z.unknown() }),
  response: z.object({ status: z.int(), content_type: z.string().nullable(), body: z.unknown() }),
});

export type Recording = z.infer<typeof recording> & { readonly name: string };

export function readRecordings(directory: string): Recording[] {
  return readdirSync(directory)
    .filter((file) => file.endsWith('.json'))
    .toSorted()
    .map((file) => {
      const read = recording.parse(JSON.parse(readFileSync(join(directory, file), 'utf8')));
      const request = { ...read.request, body: withLongPrompt(read.request.body) };
      return { ...read, request, name: file.replace(/\.json$/, '') };
    });
}

const longPrompt = /^\[(\d+)\] \* (\d+)$/;

/** `record.py` writes a prompt of thousands of equal ids as `[4] * 2100`. */
function withLongPrompt(body: unknown): unknown {
  const parsed = z.looseObject({ prompt: z.string().regex(longPrompt) }).safeParse(body);
  if (!parsed.success) return body;
  const [, id, times] = longPrompt.exec(parsed.data.prompt) ?? [];
  return { ...parsed.data, prompt: Array<number>(Number(times)).fill(Number(id)) };
}

/** The `data:` of every event of a stream, parsed, `[DONE]` as it is. */
export function readEvents(stream: string): unknown[] {
  return stream
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => {
      const data = event.replace(/^data: /, '');
      return data === '[DONE]' ? data : (JSON.parse(data) as unknown);
    });
}

const ids = z.array(z.int());
const choice = z.looseObject({ token_ids: ids.nullish() });
const answer = z.looseObject({ choices: z.array(choice), prompt_token_ids: ids.nullish() });
const prompted = z.looseObject({ prompt: ids });

type Written = { readonly promptIds: readonly number[]; readonly ids: readonly number[] };

/** The ids that a recorded completion generated, and after which prompt; undefined where they are not told. */
export function recordedIds(exchange: Recording): Written | undefined {
  const { body, status } = exchange.response;
  if (!exchange.request.path.endsWith('/completions') || status !== 200) return undefined;
  const parts = (typeof body === 'string' ? readEvents(body) : [body]).flatMap((part) => {
    const parsed = answer.safeParse(part);
    return parsed.success ? [parsed.data] : [];
  });
  const asked = prompted.safeParse(exchange.request.body);
  const told = parts.find((part) => part.prompt_token_ids !== undefined)?.prompt_token_ids;
  const promptIds = asked.success ? asked.data.prompt : told;
  if (promptIds === undefined || promptIds === null) return undefined;
  return { promptIds, ids: parts.flatMap((part) => part.choices.flatMap((entry) => entry.token_ids ?? [])) };
}

const said = z.looseObject({
  choices: z.tuple([
    z.looseObject({
      message: z.looseObject({ content: z.string().nullable(), reasoning: z.string().nullable() }),
      token_ids: z.null(),
      finish_reason: z.literal('stop'),
    }),
  ]),
});
const asked = z.looseObject({ messages: z.array(z.unknown()), chat_template_kwargs: z.unknown().optional() });
const tokenized = z.looseObject({ tokens: ids });

/** Answers of the chat road without ids, by their prompt, which `/tokenize` was asked for: those without a thought. */
export function recordedAnswers(
  exchanges: readonly Recording[],
): { readonly promptIds: readonly number[]; readonly text: string }[] {
  const conversation = ({ request }: Recording): string | undefined => {
    const { data } = asked.safeParse(request.body);
    return data && JSON.stringify([data.messages, data.chat_template_kwargs]);
  };
  return exchanges.flatMap((exchange) => {
    const message = said.safeParse(exchange.response.body).data?.choices[0].message;
    const prompt = exchanges.find(
      (other) => other.request.path === '/tokenize' && conversation(other) === conversation(exchange),
    );
    const promptIds = tokenized.safeParse(prompt?.response.body).data?.tokens;
    if (message === undefined || promptIds === undefined) return [];
    const { content, reasoning } = message;
    return content !== null && reasoning !== null ? [] : [{ promptIds, text: content ?? reasoning ?? '' }];
  });
}
