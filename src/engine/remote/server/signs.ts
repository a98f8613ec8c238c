/** Readers for the well-known side paths of servers. A proxy may hide any of these paths. */
import * as z from 'zod';
import { asJson, type ServedModel } from '../http/wire.ts';

/** The probe's findings about a server: its list of models and the responses of its side paths. */
export type Found = {
  readonly host: string;
  /** undefined: the server did not return a list */
  readonly models: readonly ServedModel[] | undefined;
  /** `owned_by` of the first model */
  readonly owner: string | undefined;
  readonly serverHeader: string | undefined;
  /** response text by side path, for paths that returned 2xx */
  readonly answers: ReadonlyMap<string, string>;
  /** paths that accepted a request but did not respond in time */
  readonly silent: readonly string[];
};

const openapi = z.object({
  components: z.object({
    schemas: z.object({ CompletionRequest: z.object({ properties: z.record(z.string(), z.unknown()) }) }),
  }),
});
const version = z.object({ version: z.string() });
const props = z.object({
  default_generation_settings: z.object({ n_ctx: z.number() }),
  total_slots: z.int().min(1).nullish().catch(undefined),
});
const sglangModel = z.object({ model_path: z.string(), is_generation: z.boolean() });
const nim = z.object({ version: z.string(), modelInfo: z.unknown() });
const health = z.object({ status: z.string() });

function read<T>({ answers }: Found, path: string, schema: z.ZodType<T>): T | undefined {
  return schema.safeParse(asJson(answers.get(path))).data;
}

/** `GET /version`. Custom builds may return any text. */
export function serverVersion(found: Found): string | undefined {
  return read(found, '/version', version)?.version;
}

/** Whether `GET /openapi.json` lists a field for `/v1/completions`; undefined: no such document. */
function knowsField(found: Found, field: string): boolean | undefined {
  const document = read(found, '/openapi.json', openapi);
  return document && field in document.components.schemas.CompletionRequest.properties;
}

export function knowsBudget(found: Found): boolean | undefined {
  return knowsField(found, 'thinking_token_budget');
}

/** If `/openapi.json` is hidden, the version decides. */
function vllmHas(found: Found, field: string, sinceMinor: number): boolean {
  const shown = knowsField(found, field);
  if (shown !== undefined) return shown;
  const [major = 0, minor = 0] = (serverVersion(found) ?? '').split('.').map(Number);
  return major > 0 || minor >= sinceMinor;
}

/** vLLM has its field since 0.19 (vllm-project/vllm#20859). */
export function vllmHasBudget(found: Found): boolean {
  return vllmHas(found, 'thinking_token_budget', 19);
}

/** Merged in May 2026 (vllm-project/vllm#43463), and seen on 0.32. Older servers silently ignore the field. */
export function vllmHasListedLogprobs(found: Found): boolean {
  return vllmHas(found, 'logprob_token_ids', 32);
}

/** The `enable_prefix_caching` label of vLLM's `vllm:cache_config_info`. */
export function prefixCaching({ answers }: Found): boolean | undefined {
  const label = /^vllm:cache_config_info\{.*enable_prefix_caching="(True|False)"/m;
  const shown = label.exec(answers.get('/metrics') ?? '')?.[1];
  return shown === undefined ? undefined : shown === 'True';
}

/** llama.cpp's context window per slot. Its router reports 0 for itself. */
export function slotWindow(found: Found): number | undefined {
  return read(found, '/props', props)?.default_generation_settings.n_ctx || undefined;
}

/** llama.cpp computes one generation per slot (tools/server/README.md, GET /props). */
export function totalSlots(found: Found): number | undefined {
  return read(found, '/props', props)?.total_slots ?? undefined;
}

export function ollamaVersion(found: Found): string | undefined {
  return read(found, '/api/version', version)?.version;
}

/** `GET /v1/health`. Lemonade's `/api/version` is the version of the Ollama API that Lemonade imitates. */
export function lemonadeVersion(found: Found): string | undefined {
  return read(found, '/v1/health', version)?.version;
}

export function isSglang(found: Found): boolean {
  return read(found, '/get_model_info', sglangModel) !== undefined;
}

export function nimVersion(found: Found): string | undefined {
  return read(found, '/v1/metadata', nim)?.version;
}

/** `status` of `GET /health`. Most servers return no body. */
export function healthStatus(found: Found): string | undefined {
  return read(found, '/health', health)?.status;
}
