/** Servers that load a model with its first request, and tell which ones they have loaded. */
import * as z from 'zod';
import type { RemoteClient } from './client.ts';
import type { Dialect } from './dialects.ts';

type Loaded = { readonly model: string; readonly window: number | undefined };

type Page = { readonly path: string; readonly read: (body: unknown) => readonly Loaded[] | undefined };

const lmStudio = z.object({
  data: z.array(z.object({ id: z.string(), state: z.string(), loaded_context_length: z.number().nullish() })).min(1),
});
const ollama = z.object({ models: z.array(z.object({ name: z.string(), context_length: z.number().nullish() })) });

/** By the names of dialects. */
export const LOADED_MODELS = {
  'lm-studio': {
    path: '/api/v0/models',
    read: (body) =>
      lmStudio
        .safeParse(body)
        .data?.data.filter(({ state }) => state === 'loaded')
        .map(({ id, loaded_context_length: window }) => ({ model: id, window: window ?? undefined })),
  },
  ollama: {
    path: '/api/ps',
    read: (body) =>
      ollama
        .safeParse(body)
        .data?.models.map(({ name, context_length: window }) => ({ model: name, window: window ?? undefined })),
  },
} as const satisfies Readonly<Record<string, Page>>;

/** Undefined where the server does not tell. */
export async function isLoaded(
  client: RemoteClient,
  { name }: Dialect,
  model: string,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  if (!isKnown(name)) return undefined;
  const { path, read } = LOADED_MODELS[name];
  const text = await client.look(path, signal);
  return read(asJson(text))?.some((loaded) => loaded.model === model);
}

function isKnown(name: string): name is keyof typeof LOADED_MODELS {
  return Object.hasOwn(LOADED_MODELS, name);
}

export function asJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
