/**
 * What vLLM answers, as far as it is used here. Seen on vLLM 0.13 and 0.32, which are alike on this road (the recorded
 * exchanges are in test/fixtures). Other fields pass unread.
 */
import * as z from 'zod';

/** `GET /v1/models` */
export const modelList = z.object({
  data: z.array(z.object({ id: z.string(), root: z.string().nullish(), max_model_len: z.number().nullish() })),
});

/** `POST /tokenize`, of text or of messages */
export const tokenized = z.object({ tokens: z.array(z.int()), max_model_len: z.number().nullish() });

/** `POST /detokenize` */
export const detokenized = z.object({ prompt: z.string() });

/** a chunk of `POST /v1/completions` with `stream` and `return_token_ids` */
export const completionChunk = z.object({
  choices: z.array(
    z.object({
      text: z.string().nullish(),
      token_ids: z.array(z.int()).nullish(),
      finish_reason: z.string().nullish(),
    }),
  ),
});

export type CompletionChunk = z.infer<typeof completionChunk>;
