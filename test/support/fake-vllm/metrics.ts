/** The counters behind `/metrics`. */
import { CACHE_BLOCKS, cacheConfig, processMemory, samplesText } from './metrics-lines.ts';
import { BLOCK_TOKENS, createPrefixCache } from './prefix-cache.ts';
import { createHistogram } from './prometheus.ts';

export type RequestMeter = {
  /** tokens of the prompt that were found in the prefix cache */
  readonly cachedTokens: number;
  /** it has a slot; until then it waits */
  computes(): void;
  token(id: number): void;
  end(): void;
};

export type Meter = {
  begin(promptIds: readonly number[]): RequestMeter;
  /** in the server, computed or waiting */
  running(): number;
  generationTokens(): number;
  text(servedName: string): string;
};

const firstTokenBounds = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 10, 20, 40, 80];
const nextTokenBounds = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 10, 20, 40, 80];

export function createMeter({ prefixCaching }: { readonly prefixCaching: boolean }): Meter {
  const cache = createPrefixCache();
  const held = new Map<symbol, number[]>();
  const computed = new Set<symbol>();
  const total = { promptTokens: 0, generationTokens: 0, queriedTokens: 0, hitTokens: 0 };
  const firstToken = createHistogram(
    { name: 'vllm:time_to_first_token_seconds', help: 'Histogram of time to first token in seconds.' },
    firstTokenBounds,
  );
  const nextToken = createHistogram(
    { name: 'vllm:inter_token_latency_seconds', help: 'Histogram of inter-token latency in seconds.' },
    nextTokenBounds,
  );
  return {
    begin: (promptIds) => {
      const ids = [...promptIds];
      const key = Symbol('request');
      held.set(key, ids);
      const cachedTokens = prefixCaching ? cache.known(promptIds) : 0;
      total.promptTokens += promptIds.length;
      total.queriedTokens += prefixCaching ? promptIds.length : 0;
      total.hitTokens += cachedTokens;
      let lastAt = performance.now();
      return {
        cachedTokens,
        computes: () => void computed.add(key),
        token: (id) => {
          const now = performance.now();
          (ids.length === promptIds.length ? firstToken : nextToken).observe((now - lastAt) / 1000);
          lastAt = now;
          ids.push(id);
          total.generationTokens += 1;
        },
        end: () => {
          held.delete(key);
          computed.delete(key);
          cache.remember(ids.slice(0, -1));
        },
      };
    },
    running: () => held.size,
    generationTokens: () => total.generationTokens,
    text: (servedName) => {
      const blocks = [...computed].reduce(
        (sum, key) => sum + Math.ceil((held.get(key)?.length ?? 0) / BLOCK_TOKENS),
        0,
      );
      const load = { running: computed.size, waiting: held.size - computed.size };
      const labels = { engine: '0', model_name: servedName };
      return [
        processMemory(),
        samplesText({ ...total, ...load, cacheUsage: blocks / CACHE_BLOCKS }, labels),
        firstToken.text(labels),
        nextToken.text(labels),
        cacheConfig({ prefixCaching }),
      ].join('');
    },
  };
}
