/** Servers that load a model with its first request, and tell which ones they have loaded. */
import * as z from 'zod';
import type { RemoteClient } from '../http/client.ts';
import { asJson } from '../http/wire.ts';

type Loaded = { readonly model: string; readonly window: number | null | undefined };

export type LoadsOnDemand = {
  readonly path: string;
  /** undefined: this is not what such a server answers */
  readonly read: (body: unknown) => readonly Loaded[] | undefined;
  /** what an operator does */
  readonly toLoad: string;
};

const lmStudioModels = z.object({
  data: z.array(z.object({ id: z.string(), state: z.string(), loaded_context_length: z.number().nullish() })).min(1),
});
const ollamaModels = z.object({
  models: z.array(z.object({ name: z.string(), context_length: z.number().nullish() })),
});

export const LM_STUDIO: LoadsOnDemand = {
  path: '/api/v0/models',
  read: (body) =>
    lmStudioModels
      .safeParse(body)
      .data?.data.filter(({ state }) => state === 'loaded')
      .map(({ id, loaded_context_length: window }) => ({ model: id, window })),
  toLoad: 'load it in LM Studio, or by `lms load`',
};

export const OLLAMA: LoadsOnDemand = {
  path: '/api/ps',
  read: (body) =>
    ollamaModels.safeParse(body).data?.models.map(({ name, context_length: window }) => ({ model: name, window })),
  toLoad: 'load it by `ollama run`, with OLLAMA_KEEP_ALIVE long enough that it stays',
};

/** Whether it is in memory now; undefined where the server does not tell. */
export async function isLoaded(
  client: RemoteClient,
  { path, read }: LoadsOnDemand,
  model: string,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  return read(asJson(await client.look(path, signal)))?.some((loaded) => loaded.model === model);
}
