/** What a server tells of itself on its well-known paths, asked in parallel. A proxy may hide any of them. */
import * as z from 'zod';
import { EngineHttpError, EngineProtocolError } from '../../../errors.ts';
import type { RemoteClient } from '../http/client.ts';
import { LM_STUDIO, OLLAMA } from './loaded.ts';
import { asJson, modelList, type ServedModel } from '../http/wire.ts';

/** What is not there was not answered, or not with this. */
export type Found = {
  readonly host: string;
  /** absent: the list does not come */
  readonly models: readonly ServedModel[] | undefined;
  /** `owned_by` of the first model */
  readonly owner: string | undefined;
  readonly serverHeader: string | undefined;
  /** `GET /version`; builds of one's own may say anything */
  readonly version: string | undefined;
  /** whether `/v1/completions` knows `thinking_token_budget`, by `GET /openapi.json`; undefined: it is not shown */
  readonly knowsBudget: boolean | undefined;
  /** the `enable_prefix_caching` label of vLLM's `vllm:cache_config_info` */
  readonly prefixCaching: boolean | undefined;
  /** llama.cpp's window for each of its slots, from `GET /props` */
  readonly slotWindow: number | undefined;
  /** of the models that LM Studio or Ollama has loaded */
  readonly loadedWindows: Readonly<Record<string, number>>;
  readonly ollamaVersion: string | undefined;
  readonly lmStudio: boolean;
  readonly sglangModel: boolean;
  /** `GET /v1/metadata` */
  readonly nimVersion: string | undefined;
  /** `status` of `GET /health`; most servers answer it without a body */
  readonly health: string | undefined;
};

/** Services whose kind their host tells: what is not documented is not asked there, and counts against no rate limit. */
const HOSTED = ['integrate.api.nvidia.com', 'openrouter.ai'];

const openapi = z.object({
  components: z.object({
    schemas: z.object({ CompletionRequest: z.object({ properties: z.record(z.string(), z.unknown()) }) }),
  }),
});

const version = z.object({ version: z.string() });
const props = z.object({ default_generation_settings: z.object({ n_ctx: z.number() }) });
const sglangModel = z.object({ model_path: z.string(), is_generation: z.boolean() });
const nim = z.object({ version: z.string(), modelInfo: z.unknown() });
const health = z.object({ status: z.string() });

/** `named`: a model that the operator named, so that the list of models is not needed. */
export async function probe(client: RemoteClient, named: boolean, signal: AbortSignal): Promise<Found> {
  const { host } = client;
  const isQuiet = HOSTED.includes(host) || client.isCounted;
  const look = async (path: string): Promise<string | undefined> => (isQuiet ? undefined : client.look(path, signal));
  const [list, document, metrics, ...answers] = await Promise.all([
    client.get('/v1/models', modelList, signal).catch((error: unknown) => {
      if (named && mayDoWithout(error)) return undefined;
      throw error;
    }),
    look('/openapi.json'),
    look('/metrics'),
    look('/version'),
    look('/props'),
    look('/api/version'),
    look(LM_STUDIO.path),
    look('/get_model_info'),
    look('/v1/metadata'),
    look('/health'),
    look(OLLAMA.path),
  ]);
  const [ofVersion, ofProps, ofOllama, ofLmStudio, ofSglang, ofNim, ofHealth, ofLoaded] = answers.map(asJson);
  const models = list?.body.data;
  const ofStudio = LM_STUDIO.read(ofLmStudio);
  const loaded = [...(ofStudio ?? []), ...(OLLAMA.read(ofLoaded) ?? [])];
  return {
    host,
    models,
    owner: models?.[0]?.owned_by ?? undefined,
    serverHeader: list?.serverHeader,
    version: version.safeParse(ofVersion).data?.version,
    knowsBudget: knowsBudget(asJson(document)),
    prefixCaching: prefixCaching(metrics),
    slotWindow: props.safeParse(ofProps).data?.default_generation_settings.n_ctx,
    ollamaVersion: version.safeParse(ofOllama).data?.version,
    lmStudio: ofStudio !== undefined,
    sglangModel: sglangModel.safeParse(ofSglang).success,
    nimVersion: nim.safeParse(ofNim).data?.version,
    loadedWindows: Object.fromEntries(
      loaded.flatMap(({ model, window }) => (typeof window === 'number' ? [[model, window]] : [])),
    ),
    health: health.safeParse(ofHealth).data?.status,
  };
}

/** `transformers serve` fails to list its models where it cannot reach the hub (seen on 5.19). */
function mayDoWithout(error: unknown): boolean {
  if (error instanceof EngineProtocolError) return true;
  return error instanceof EngineHttpError && (error.status === 404 || error.status >= 500);
}

function knowsBudget(document: unknown): boolean | undefined {
  const schema = openapi.safeParse(document).data;
  return schema && 'thinking_token_budget' in schema.components.schemas.CompletionRequest.properties;
}

function prefixCaching(metrics: string | undefined): boolean | undefined {
  const said = /^vllm:cache_config_info\{.*enable_prefix_caching="(True|False)"/m.exec(metrics ?? '')?.[1];
  return said === undefined ? undefined : said === 'True';
}
