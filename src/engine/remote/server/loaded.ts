/** Servers that load a model on its first request and report the loaded models. */
import * as z from 'zod';
import { asJson } from '../http/wire.ts';
import type { Found } from './signs.ts';

type Loaded = { readonly model: string; readonly window: number | null | undefined };

export type LoadsOnDemand = {
  readonly path: string;
  /** undefined: the response does not come from this kind of server */
  readonly read: (answer: string | undefined) => readonly Loaded[] | undefined;
  /** how an operator loads the model; shown in `server_status` */
  readonly toLoad: string;
};

const lmStudioModels = z.object({
  data: z
    .array(
      z.object({
        id: z.string(),
        state: z.string(),
        type: z.string().nullish(),
        loaded_context_length: z.number().nullish(),
      }),
    )
    .min(1),
});
const ollamaModels = z.object({
  models: z.array(z.object({ name: z.string(), context_length: z.number().nullish() })),
});
const ollamaTags = z.object({
  models: z.array(
    z.object({
      name: z.string(),
      details: z.object({ families: z.array(z.string()).nullish() }).nullish(),
      capabilities: z.array(z.string()).nullish(),
    }),
  ),
});
const lemonadeModels = z.object({
  all_models_loaded: z.array(
    z.object({ model_name: z.string(), recipe_options: z.object({ ctx_size: z.number().nullish() }).nullish() }),
  ),
});

export const LM_STUDIO: LoadsOnDemand = {
  path: '/api/v0/models',
  read: (answer) =>
    lmStudioModels
      .safeParse(asJson(answer))
      .data?.data.filter(({ state }) => state === 'loaded')
      .map(({ id, loaded_context_length: window }) => ({ model: id, window })),
  toLoad: 'load it in LM Studio or with `lms load`',
};

export const OLLAMA: LoadsOnDemand = {
  path: '/api/ps',
  read: (answer) =>
    ollamaModels
      .safeParse(asJson(answer))
      .data?.models.map(({ name, context_length: window }) => ({ model: name, window })),
  toLoad: 'load it with `ollama run`, and set OLLAMA_KEEP_ALIVE so that it stays loaded',
};

export const LEMONADE: LoadsOnDemand = {
  path: '/v1/health',
  read: (answer) =>
    lemonadeModels
      .safeParse(asJson(answer))
      .data?.all_models_loaded.map(({ model_name: model, recipe_options: options }) => {
        const size = options?.ctx_size ?? 0;
        // -1 means that Lemonade has not chosen a size yet
        return { model, window: size > 0 ? size : undefined };
      }),
  toLoad: 'load it with `lemonade load`',
};

/** `type` is `llm`, `vlm` or `embeddings` (lmstudio.ai/docs, REST API v0). */
export function lmStudioOthers({ answers }: Found): ReadonlySet<string> {
  const models = lmStudioModels.safeParse(asJson(answers.get(LM_STUDIO.path))).data?.data ?? [];
  return new Set(models.filter(({ type }) => type === 'embeddings').map(({ id }) => id));
}

/** Every downloaded model. */
export const OLLAMA_TAGS = '/api/tags';

/** Models without the capability `completion`, or of a BERT family, such as `nomic-bert` (ollama/ollama, api/types.go). */
export function ollamaOthers({ answers }: Found): ReadonlySet<string> {
  const models = ollamaTags.safeParse(asJson(answers.get(OLLAMA_TAGS))).data?.models ?? [];
  const isOther = ({ details, capabilities }: (typeof models)[number]): boolean =>
    capabilities?.includes('completion') === false || details?.families?.some((it) => /bert/.test(it)) === true;
  return new Set(models.filter(isOther).map(({ name }) => name));
}
