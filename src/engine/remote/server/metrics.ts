/** Reads a server's live figures from its Prometheus page. Each kind of server has its own metric names. */
import type { Load } from '../../engine.ts';

type Names = {
  readonly running: string;
  readonly waiting: string;
  /** 0 to 1 */
  readonly cacheUse?: string;
  readonly generated?: string;
  /** tokens per second, if the server reports this rate itself */
  readonly speed?: string;
  /** a histogram, in seconds */
  readonly firstToken?: string;
};

export type MetricsPage = { readonly path: string; readonly names: Names };

export const VLLM_METRICS: MetricsPage = {
  path: '/metrics',
  names: {
    running: 'vllm:num_requests_running',
    waiting: 'vllm:num_requests_waiting',
    cacheUse: 'vllm:kv_cache_usage_perc',
    generated: 'vllm:generation_tokens_total',
    firstToken: 'vllm:time_to_first_token_seconds',
  },
};

/** Undefined if the page does not contain the number of running requests. */
export function toLoad(text: string, { names }: MetricsPage): Load | undefined {
  const lines = text.split('\n');
  const value = (of: string | undefined): number | undefined => (of === undefined ? undefined : sumOf(lines, of));
  const running = value(names.running);
  if (running === undefined) return undefined;
  const optional = {
    // with several engines the maximum: shares cannot be added
    cacheUse:
      names.cacheUse === undefined ? undefined : figures(lines, names.cacheUse)?.reduce((a, b) => Math.max(a, b)),
    generatedTokens: value(names.generated),
    tokensPerSecond: value(names.speed),
    firstTokenMs: names.firstToken === undefined ? undefined : meanMs(lines, names.firstToken),
  };
  const known = Object.entries(optional).filter(([, figure]) => figure !== undefined);
  return { running, waiting: value(names.waiting) ?? 0, ...(Object.fromEntries(known) as Partial<Load>) };
}

/** The sum over all labels: a server may have several engines. */
function sumOf(lines: readonly string[], name: string): number | undefined {
  return figures(lines, name)?.reduce((sum, figure) => sum + figure, 0);
}

/** One value per set of labels; undefined if no line matches or a value is not a number. */
function figures(lines: readonly string[], name: string): number[] | undefined {
  const own = lines.filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  const found = own.map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
  return found.length > 0 && found.every(Number.isFinite) ? found : undefined;
}

function meanMs(lines: readonly string[], histogram: string): number | undefined {
  const [sum, count] = [sumOf(lines, `${histogram}_sum`), sumOf(lines, `${histogram}_count`)];
  return sum === undefined || count === undefined || count === 0 ? undefined : (1000 * sum) / count;
}
