/** A client that hides nothing: what came, and how it ended. */
import { z } from 'zod';
import type { FakeVllm } from '../support/fake-vllm/server.ts';

const ids = z.array(z.int()).nullish();

const chunkShape = z.object({
  choices: z
    .array(
      z.object({
        text: z.string(),
        finish_reason: z.string().nullable(),
        stop_reason: z.union([z.int(), z.string()]).nullable(),
        token_ids: ids,
        prompt_token_ids: ids,
      }),
    )
    .default([]),
  error: z.object({ code: z.int() }).optional(),
});

export type Chunk = z.infer<typeof chunkShape>;

export type Stream = {
  readonly status: number;
  readonly headers: Headers;
  /** the raw `data:` of every event that came whole */
  readonly data: readonly string[];
  readonly chunks: readonly Chunk[];
  readonly ids: readonly number[];
  readonly text: string;
  readonly finishReason: string | null | undefined;
  /** the connection broke before the end of the body */
  readonly broken: boolean;
};

type Body = Readonly<Record<string, unknown>>;

/** Ids of no meaning: for a script that does not look at its prompt. */
export const somePrompt = [71, 72, 73];

type Options = { readonly signal?: AbortSignal };

export function post(fake: Pick<FakeVllm, 'url'>, path: string, body: Body, options: Options = {}): Promise<Response> {
  const headers = { 'content-type': 'application/json' };
  return fetch(fake.url + path, { ...options, method: 'POST', headers, body: JSON.stringify(body) });
}

export async function stream(fake: Pick<FakeVllm, 'url'>, body: Body = {}, options: Options = {}): Promise<Stream> {
  const asked = { prompt: somePrompt, max_tokens: 100, return_token_ids: true, stream: true, ...body };
  const response = await post(fake, '/v1/completions', asked, options);
  let raw = '';
  let broken = false;
  try {
    for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) raw += part;
  } catch {
    broken = true;
  }
  const data = raw.split('\n\n').flatMap((event) => (event.startsWith('data: ') ? [event.slice('data: '.length)] : []));
  const chunks = data.flatMap(parsed);
  const choices = chunks.flatMap((chunk) => chunk.choices);
  return {
    status: response.status,
    headers: response.headers,
    data,
    chunks,
    ids: choices.flatMap((choice) => choice.token_ids ?? []),
    text: choices.map((choice) => choice.text).join(''),
    finishReason: choices.at(-1)?.finish_reason,
    broken,
  };
}

function parsed(data: string): Chunk[] {
  try {
    return [chunkShape.parse(JSON.parse(data))];
  } catch {
    return [];
  }
}
