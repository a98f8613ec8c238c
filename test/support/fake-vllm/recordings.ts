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

const choice = z.looseObject({ token_ids: z.array(z.int()).nullish() });
const answer = z.looseObject({ choices: z.array(choice) });

/** The ids that a recorded completion generated, and after which prompt; undefined for what is no completion. */
export function recordedIds(
  exchange: Recording,
): { readonly promptIds: readonly number[]; readonly ids: readonly number[] } | undefined {
  const asked = z.looseObject({ prompt: z.array(z.int()) }).safeParse(exchange.request.body);
  if (exchange.request.path !== '/v1/completions' || exchange.response.status !== 200 || !asked.success)
    return undefined;
  const { body } = exchange.response;
  const parts = typeof body === 'string' ? readEvents(body) : [body];
  const ids = parts.flatMap((part) => {
    const parsed = answer.safeParse(part);
    return parsed.success ? parsed.data.choices.flatMap((entry) => entry.token_ids ?? []) : [];
  });
  return { promptIds: asked.data.prompt, ids };
}
