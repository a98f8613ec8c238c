/** `/metrics`: its lines are among those of a real server, in their order, and its numbers are right. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { readRecordings } from '../support/fake-vllm/recordings.ts';
import { startFakeVllm, type FakeVllm, type FakeVllmOptions } from '../support/fake-vllm/server.ts';
import { directoryOf, folders } from './recorded-folders.ts';
import { post, stream } from './stream-client.ts';

async function start(options: FakeVllmOptions = {}): Promise<FakeVllm> {
  const fake = await startFakeVllm({ servedName: 'demo', script: () => 'abc', ...options });
  onTestFinished(() => fake.close());
  return fake;
}

async function metricsOf(fake: FakeVllm): Promise<string> {
  return (await fetch(`${fake.url}/metrics`)).text();
}

/** What `record.py` left out, or is no number. */
const notRecorded = /^# |_bucket|^process_/;
const cacheConfig = 'vllm:cache_config_info';

/** Names and labels; of the configuration the name alone, as its labels change with every version. */
function lines(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !notRecorded.test(line))
    .map((line) => (line.startsWith(cacheConfig) ? cacheConfig : line.replace(/ [^ ]+$/, '')));
}

function configLabels(text: string): string[] {
  return text.split('\n').flatMap((line) => (line.startsWith(cacheConfig) ? (line.match(/\w+(?==")/g) ?? []) : []));
}

const recordedMetrics = folders.flatMap(({ folder }) =>
  readRecordings(directoryOf(folder))
    .filter(({ name }) => name === 'metrics')
    .map(({ response }) => ({ folder, text: String(response.body) })),
);

describe.each(recordedMetrics)('$folder', ({ text }) => {
  test('the lines are among the real ones, in their order', async () => {
    const known = new Set(lines(await metricsOf(await start())));
    expect(known.size).toBeGreaterThan(10);
    expect(lines(text).filter((line) => known.has(line))).toEqual([...known]);
  });

  test('the labels of the configuration are real ones', async () => {
    const known = configLabels(text);
    const shown = configLabels(await metricsOf(await start()));
    expect(shown).toContain('enable_prefix_caching');
    expect(shown.filter((label) => !known.includes(label))).toEqual([]);
  });
});

const labels = '{engine="0",model_name="demo"}';

test('times are counted once a request, and once a further token', async () => {
  const fake = await start({ msPerToken: 5 });
  await stream(fake);
  const text = await metricsOf(fake);
  expect(text).toContain(`vllm:time_to_first_token_seconds_count${labels} 1.0\n`);
  expect(text).toContain(`vllm:inter_token_latency_seconds_count${labels} 3.0\n`);
  expect(text).toContain('vllm:time_to_first_token_seconds_bucket{engine="0",le="80.0",model_name="demo"} 1.0\n');
  expect(text).toContain('vllm:time_to_first_token_seconds_bucket{engine="0",le="+Inf",model_name="demo"} 1.0\n');
  // a late first token is made up by those after it: only the sum of both is sure
  const seconds = [...text.matchAll(/_seconds_sum\S+ (\S+)/g)].map(([, sum]) => Number(sum));
  expect(seconds.reduce((all, sum) => all + sum, 0)).toBeGreaterThan(0.018);
});

test('a cache is in use while a request runs', async () => {
  const fake = await start({ misbehave: { stallAfterTokens: 2 } });
  const leave = new AbortController();
  const answer = stream(fake, {}, { signal: leave.signal });
  await expect.poll(() => fake.generationTokensTotal).toBe(2);
  const usage = /kv_cache_usage_perc\S+ (\S+)/.exec(await metricsOf(fake))?.[1];
  expect(Number(usage)).toBeCloseTo(1 / 1365, 6);
  leave.abort();
  await answer;
  await expect.poll(() => metricsOf(fake)).toContain(`vllm:kv_cache_usage_perc${labels} 0.0\n`);
});

describe('prefix cache', () => {
  const long = Array.from({ length: 300 }, (_, index) => 71 + (index % 50));
  const body = { prompt: long, max_tokens: 2 };

  test('whole blocks of an earlier prompt are hits', async () => {
    const fake = await start({ promptTokensDetails: true });
    await post(fake, '/v1/completions', body);
    const again = await post(fake, '/v1/completions', body);
    expect(await again.json()).toMatchObject({ usage: { prompt_tokens_details: { cached_tokens: 256 } } });
    const text = await metricsOf(fake);
    expect(text).toContain(`vllm:prefix_cache_queries_total${labels} 600.0\n`);
    expect(text).toContain(`vllm:prefix_cache_hits_total${labels} 256.0\n`);
    expect(text).toContain('enable_prefix_caching="True"');
  });

  test('without it there are neither queries nor hits', async () => {
    const fake = await start({ prefixCaching: false });
    await post(fake, '/v1/completions', body);
    await post(fake, '/v1/completions', body);
    const text = await metricsOf(fake);
    expect(text).toContain(`vllm:prefix_cache_queries_total${labels} 0.0\n`);
    expect(text).toContain(`vllm:prefix_cache_hits_total${labels} 0.0\n`);
    expect(text).toContain('enable_prefix_caching="False"');
  });
});

test('from a million on a number has an exponent, as in Python', async () => {
  expect(await metricsOf(await start())).toMatch(/^process_resident_memory_bytes \d\.\d+e\+0\d$/m);
});
