/** Of the many lines of the real `/metrics` those about load, tokens, cache and memory, in its order. */
import { BLOCK_TOKENS } from './prefix-cache.ts';
import { sample } from './prometheus.ts';

/** of a real server with one gibibyte for its cache */
export const CACHE_BLOCKS = 1365;

export type Values = {
  readonly running: number;
  readonly waiting: number;
  readonly cacheUsage: number;
  readonly promptTokens: number;
  readonly generationTokens: number;
  readonly queriedTokens: number;
  readonly hitTokens: number;
};

type Sample = {
  readonly kind: 'gauge' | 'counter';
  readonly name: string;
  readonly help: string;
  readonly of: (values: Values) => number;
};

const samples: readonly Sample[] = [
  {
    kind: 'gauge',
    name: 'vllm:num_requests_running',
    help: 'Number of requests in model execution batches.',
    of: ({ running }) => running,
  },
  {
    kind: 'gauge',
    name: 'vllm:num_requests_waiting',
    help: 'Number of requests waiting to be processed.',
    of: ({ waiting }) => waiting,
  },
  {
    kind: 'gauge',
    name: 'vllm:kv_cache_usage_perc',
    help: 'KV-cache usage. 1 means 100 percent usage.',
    of: ({ cacheUsage }) => cacheUsage,
  },
  {
    kind: 'counter',
    name: 'vllm:prefix_cache_queries_total',
    help: 'Prefix cache queries, in terms of number of queried tokens.',
    of: ({ queriedTokens }) => queriedTokens,
  },
  {
    kind: 'counter',
    name: 'vllm:prefix_cache_hits_total',
    help: 'Prefix cache hits, in terms of number of cached tokens.',
    of: ({ hitTokens }) => hitTokens,
  },
  {
    kind: 'counter',
    name: 'vllm:prompt_tokens_total',
    help: 'Number of prefill tokens processed.',
    of: ({ promptTokens }) => promptTokens,
  },
  {
    kind: 'counter',
    name: 'vllm:generation_tokens_total',
    help: 'Number of generation tokens processed.',
    of: ({ generationTokens }) => generationTokens,
  },
];

export function samplesText(values: Values, labels: Readonly<Record<string, string>>): string {
  return samples.map(({ kind, of, ...head }) => sample(kind, head, labels, of(values))).join('');
}

export function cacheConfig({ prefixCaching }: { readonly prefixCaching: boolean }): string {
  const labels = {
    block_size: String(BLOCK_TOKENS),
    cache_dtype: 'auto',
    enable_prefix_caching: prefixCaching ? 'True' : 'False',
    engine: '0',
    gpu_memory_utilization: '0.92',
    mamba_cache_mode: 'none',
    num_gpu_blocks: String(CACHE_BLOCKS),
  };
  return sample(
    'gauge',
    { name: 'vllm:cache_config_info', help: 'Information of the LLMEngine CacheConfig' },
    labels,
    1,
  );
}

export function processMemory(): string {
  const of = { name: 'process_resident_memory_bytes', help: 'Resident memory size in bytes.' };
  return sample('gauge', of, {}, process.memoryUsage().rss);
}
