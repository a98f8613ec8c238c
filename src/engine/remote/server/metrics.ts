/** A server's live figures, from what it writes for Prometheus. Each kind has its own names for the same things. */
import type { Load } from '../../engine.ts';
import type { Dialect } from './dialects.ts';

type Names = {
  readonly running: string;
  readonly waiting: string;
  /** 0 to 1 */
  readonly cacheUse?: string;
  readonly generated?: string;
  /** tokens per second, where the server says it itself */
  readonly speed?: string;
  /** a histogram, in seconds */
  readonly firstToken?: string;
};

type Page = { readonly path: string; readonly names: Names };

const VLLM: Page = {
  path: '/metrics',
  names: {
    running: 'vllm:num_requests_running',
    waiting: 'vllm:num_requests_waiting',
    cacheUse: 'vllm:kv_cache_usage_perc',
    generated: 'vllm:generation_tokens_total',
    firstToken: 'vllm:time_to_first_token_seconds',
  },
};

const PAGES: Readonly<Record<string, Page>> = {
  vllm: VLLM,
  unknown: VLLM,
  sglang: {
    path: '/metrics',
    names: {
      running: 'sglang:num_running_reqs',
      waiting: 'sglang:num_queue_reqs',
      cacheUse: 'sglang:token_usage',
      generated: 'sglang:generation_tokens_total',
      speed: 'sglang:gen_throughput',
      firstToken: 'sglang:time_to_first_token_seconds',
    },
  },
  'llama.cpp': {
    path: '/metrics',
    names: {
      running: 'llamacpp:requests_processing',
      waiting: 'llamacpp:requests_deferred',
      generated: 'llamacpp:tokens_predicted_total',
      speed: 'llamacpp:predicted_tokens_seconds',
    },
  },
  'tensorrt-llm': {
    path: '/prometheus/metrics',
    names: {
      running: 'trtllm_num_requests_running',
      waiting: 'trtllm_num_requests_waiting',
      cacheUse: 'trtllm_kv_cache_utilization',
      generated: 'trtllm_generation_tokens_total',
      firstToken: 'trtllm_time_to_first_token_seconds',
    },
  },
  'nim-1': {
    path: '/v1/metrics',
    names: {
      running: 'num_requests_running',
      waiting: 'num_requests_waiting',
      cacheUse: 'gpu_cache_usage_perc',
      generated: 'generation_tokens_total',
      firstToken: 'time_to_first_token_seconds',
    },
  },
};

export function metricsPath({ name }: Dialect): string | undefined {
  return PAGES[name]?.path;
}

/** Undefined where the text does not even say how many requests are running. */
export function toLoad(text: string, { name }: Dialect): Load | undefined {
  const { names } = PAGES[name] ?? VLLM;
  const value = (of: string | undefined): number | undefined => (of === undefined ? undefined : sumOf(text, of));
  const running = value(names.running);
  if (running === undefined) return undefined;
  const optional = {
    // of several engines the fullest: a share is no amount
    cacheUse:
      names.cacheUse === undefined ? undefined : figures(text, names.cacheUse)?.reduce((a, b) => Math.max(a, b)),
    generatedTokens: value(names.generated),
    tokensPerSecond: value(names.speed),
    firstTokenMs: names.firstToken === undefined ? undefined : meanMs(text, names.firstToken),
  };
  const known = Object.entries(optional).filter(([, figure]) => figure !== undefined);
  return { running, waiting: value(names.waiting) ?? 0, ...(Object.fromEntries(known) as Partial<Load>) };
}

/** Over all labels: a server may have several engines. */
function sumOf(text: string, name: string): number | undefined {
  return figures(text, name)?.reduce((sum, figure) => sum + figure, 0);
}

/** One for each set of labels; undefined where there is none, or one is no number. */
function figures(text: string, name: string): number[] | undefined {
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  const found = lines.map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
  return found.length > 0 && found.every(Number.isFinite) ? found : undefined;
}

function meanMs(text: string, histogram: string): number | undefined {
  const [sum, count] = [sumOf(text, `${histogram}_sum`), sumOf(text, `${histogram}_count`)];
  return sum === undefined || count === undefined || count === 0 ? undefined : (1000 * sum) / count;
}
