/** A client of the chat road that hides nothing: what came in which field, and how it ended. */
import { z } from 'zod';
import type { FakeVllm } from '../support/fake-vllm/server.ts';
import { post } from './stream-client.ts';

const delta = z.object({
  role: z.string().optional(),
  content: z.string().nullish(),
  reasoning: z.string().nullish(),
});
const usage = z.object({
  completion_tokens: z.int(),
  completion_tokens_details: z.object({ reasoning_tokens: z.int() }).nullish(),
});
const chunkShape = z.object({
  choices: z
    .array(z.object({ delta, finish_reason: z.string().nullable(), token_ids: z.array(z.int()).nullish() }))
    .default([]),
  usage: usage.optional(),
  error: z.object({ code: z.int(), message: z.string() }).optional(),
});
const wholeShape = z.object({
  choices: z.tuple([
    z.object({
      message: z.object({ content: z.string().nullable(), reasoning: z.string().nullable() }),
      finish_reason: z.string(),
    }),
  ]),
  usage,
});

export type ChatChunk = z.infer<typeof chunkShape>;

export type ChatStream = {
  readonly status: number;
  readonly data: readonly string[];
  readonly chunks: readonly ChatChunk[];
  readonly deltas: readonly ChatChunk['choices'][number]['delta'][];
  readonly ids: readonly number[];
  readonly reasoning: string;
  readonly content: string;
  readonly finishReason: string | null | undefined;
  readonly broken: boolean;
};

type Body = Readonly<Record<string, unknown>>;

const CHAT = '/v1/chat/completions';

/** Answered by a script that does not look at its prompt; the templates have opened the thinking. */
const question = { messages: [{ role: 'user', content: 'How much?' }], max_tokens: 200 };

export async function chat(fake: Pick<FakeVllm, 'url'>, body: Body = {}): Promise<z.infer<typeof wholeShape>> {
  const answer = await post(fake, CHAT, { ...question, ...body });
  return wholeShape.parse(await answer.json());
}

export function postChat(fake: Pick<FakeVllm, 'url'>, body: Body = {}): Promise<Response> {
  return post(fake, CHAT, { ...question, ...body });
}

export async function chatStream(fake: Pick<FakeVllm, 'url'>, body: Body = {}): Promise<ChatStream> {
  const response = await postChat(fake, { return_token_ids: true, stream: true, ...body });
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
  const deltas = choices.map((choice) => choice.delta);
  return {
    status: response.status,
    data,
    chunks,
    deltas,
    ids: choices.flatMap((choice) => choice.token_ids ?? []),
    reasoning: deltas.map(({ reasoning }) => reasoning ?? '').join(''),
    content: deltas.map(({ content }) => content ?? '').join(''),
    finishReason: choices.at(-1)?.finish_reason,
    broken,
  };
}

function parsed(data: string): ChatChunk[] {
  try {
    return [chunkShape.parse(JSON.parse(data))];
  } catch {
    return [];
  }
}
