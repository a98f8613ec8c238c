/** A server's live figures, read off what it writes for Prometheus. */
import { expect, test } from 'vitest';
import type { Load } from '../../../../src/engine/engine.ts';
import { DIALECTS } from '../../../../src/engine/remote/server/dialects.ts';
import { toLoad, type MetricsPage } from '../../../../src/engine/remote/server/metrics.ts';
import { readRecordings } from '../../../support/fake-vllm/recordings.ts';
import { directoryOf } from '../../../wire/recorded-folders.ts';
import { PAGES } from './metrics-pages.ts';
import { startFake } from '../../../support/road.ts';

function pageOf(name: string): MetricsPage | undefined {
  const found = DIALECTS.find((row) => row.name === name);
  if (found === undefined) throw new Error(`there is no dialect ${name}`);
  return found.metrics;
}

function loadFrom(text: string, name = 'vllm'): Load | undefined {
  const page = pageOf(name);
  if (page === undefined) throw new Error(`${name} has no page of figures`);
  return toLoad(text, page);
}

test.each(PAGES)('$name tells its load on a page of its own', ({ name, path, text, load }) => {
  expect(pageOf(name)?.path).toBe(path);
  expect(loadFrom(text, name)).toEqual(load);
});

test('an unknown kind is tried as vLLM', () => {
  const [vllm] = PAGES;
  expect(pageOf('unknown')?.path).toBe('/metrics');
  expect(loadFrom(vllm?.text ?? '', 'unknown')).toEqual(vllm?.load);
});

test.each(['build.nvidia.com', 'openrouter', 'ollama', 'lm-studio', 'transformers'])('%s has no such page', (name) => {
  expect(pageOf(name)).toBeUndefined();
});

const recordings = readRecordings(directoryOf('vllm-0.32.0')).filter(({ name }) => name === 'metrics');

test.each(recordings)('what a real vLLM 0.32 wrote is read', ({ response: { body } }) => {
  const load = loadFrom(String(body));
  expect(load).toEqual({
    running: 0,
    waiting: 0,
    cacheUse: 0,
    generatedTokens: 1910,
    firstTokenMs: expect.closeTo(27.397, 3),
  });
});

test('what the fake writes is read: a mean of nothing is not there', async () => {
  const { url } = await startFake();
  const text = await (await fetch(`${url}/metrics`)).text();
  expect(loadFrom(text)).toEqual({ running: 0, waiting: 0, cacheUse: 0, generatedTokens: 0 });
});

/** A page of vLLM's with these lines, `name{labels} value`. */
const ofVllm = (...lines: readonly string[]) => loadFrom(lines.map((line) => `vllm:${line}\n`).join(''));

test('several engines are summed', () => {
  expect(
    ofVllm(
      'num_requests_running{engine="0"} 3',
      'num_requests_running{engine="1"} 4',
      'num_requests_waiting{engine="0"} 0',
      'num_requests_waiting{engine="1"} 2',
      'generation_tokens_total{engine="0"} 10',
      'generation_tokens_total{engine="1"} 5',
      'time_to_first_token_seconds_sum{engine="0"} 1',
      'time_to_first_token_seconds_count{engine="0"} 1',
      'time_to_first_token_seconds_sum{engine="1"} 2',
      'time_to_first_token_seconds_count{engine="1"} 5',
    ),
  ).toEqual({ running: 7, waiting: 2, generatedTokens: 15, firstTokenMs: 500 });
});

// a share is no amount: they add up to 130 % now, and a finding says that the cache is full
test('of several engines the fullest cache counts', () => {
  const load = ofVllm(
    'num_requests_running{engine="0"} 1',
    'num_requests_running{engine="1"} 1',
    'kv_cache_usage_perc{engine="0"} 0.6',
    'kv_cache_usage_perc{engine="1"} 0.7',
  );
  expect(load).toMatchObject({ cacheUse: 0.7 });
});

test('what is not written is not there; nobody waits where nobody says so', () => {
  expect(ofVllm('num_requests_running{engine="0"} 2')).toEqual({ running: 2, waiting: 0 });
});

test('a name that only begins like one is another', () => {
  expect(ofVllm('num_requests_running_total{engine="0"} 2')).toBeUndefined();
});

test.each([
  { name: 'nothing', text: '' },
  { name: 'a web page', text: '<html>vllm:num_requests_running</html>' },
  { name: 'JSON', text: '{"vllm:num_requests_running": 1}' },
  { name: 'comments alone', text: '# HELP vllm:num_requests_running Number of requests.\n' },
  { name: 'the figures of another kind', text: 'sglang:num_running_reqs{a="b"} 5.0\n' },
])('$name says nothing', ({ text }) => {
  expect(loadFrom(text)).toBeUndefined();
});

// NaN gets as far as the tool's result, which its own schema then refuses
test.each(['NaN', 'many'])('a figure that is no number says nothing: %s', (value) => {
  expect(ofVllm(`num_requests_running{engine="0"} ${value}`)).toBeUndefined();
});
