/** What a server tells of itself on its well-known paths. Only `/v1/models` has to answer; a proxy may hide the others. */
import * as z from 'zod';
import type { RemoteClient } from './client.ts';
import { modelList } from './wire.ts';

export type Found = {
  readonly models: z.infer<typeof modelList>['data'];
  /** `GET /version`; builds of one's own may say anything */
  readonly version: string | undefined;
  /** whether `/v1/completions` knows `thinking_token_budget`, by `GET /openapi.json`; undefined: it is not shown */
  readonly knowsBudget: boolean | undefined;
  /** the `enable_prefix_caching` label of vLLM's `vllm:cache_config_info` */
  readonly prefixCaching: boolean | undefined;
};

const versionAnswer = z.object({ version: z.string() });

const openapi = z.object({
  components: z.object({
    schemas: z.object({ CompletionRequest: z.object({ properties: z.record(z.string(), z.unknown()) }) }),
  }),
});

export async function probe(client: RemoteClient, signal: AbortSignal): Promise<Found> {
  const [{ data }, version, document, metrics] = await Promise.all([
    client.models(signal),
    client.look('/version', signal),
    client.look('/openapi.json', signal),
    client.look('/metrics', signal),
  ]);
  const schema = openapi.safeParse(asJson(document)).data;
  return {
    models: data,
    version: versionAnswer.safeParse(asJson(version)).data?.version,
    knowsBudget:
      schema === undefined
        ? undefined
        : 'thinking_token_budget' in schema.components.schemas.CompletionRequest.properties,
    prefixCaching: prefixCaching(metrics),
  };
}

function asJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function prefixCaching(metrics: string | undefined): boolean | undefined {
  const said = /^vllm:cache_config_info\{.*enable_prefix_caching="(True|False)"/m.exec(metrics ?? '')?.[1];
  return said === undefined ? undefined : said === 'True';
}

/** vLLM has the field since 0.19 (vllm-project/vllm#20859); where `/openapi.json` is hidden the version is all there is. */
export function hasBudget({ knowsBudget, version }: Pick<Found, 'knowsBudget' | 'version'>): boolean {
  if (knowsBudget !== undefined) return knowsBudget;
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number);
  return major > 0 || minor >= 19;
}
