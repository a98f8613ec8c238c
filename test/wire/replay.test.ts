/**
 * The fake answers every recorded request as the real vLLM did: status, content type, and body to the order of its
 * fields.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readEvents, readRecordings, recordedIds, type Recording } from '../support/fake-vllm/recordings.ts';
import { recorded } from '../support/fake-vllm/scripts.ts';
import { startFakeVllm, type FakeVllm } from '../support/fake-vllm/server.ts';
import { directoryOf, folders } from './recorded-folders.ts';

/** What differs from one run of a real server to the next. `root` is the folder's name on the command line. */
const volatileKeys = new Set(['created', 'root']);
const volatileId = /^(cmpl|chatcmpl|modelperm)-[0-9a-f]{16}$/;
const volatileFingerprint = /^vllm-[\d.]+-[0-9a-f]{8}$/;

function steady(key: string, value: unknown): unknown {
  // the fake has no weights: which tokens have a log-probability is compared, its value is not
  if (key === 'token_logprobs' && Array.isArray(value)) return value.map((number) => typeof number);
  if (key === 'top_logprobs' && Array.isArray(value)) return value.map((entries: object) => Object.keys(entries));
  if (volatileKeys.has(key)) return 'volatile';
  if (key === 'system_fingerprint' && typeof value === 'string') return value.replace(volatileFingerprint, 'volatile');
  return key === 'id' && typeof value === 'string' ? value.replace(volatileId, '$1-volatile') : value;
}

/** Text rather than objects: the order of the fields is compared too. A stream is compared event by event. */
function comparable(contentType: string | null, body: string): string[] {
  const isStream = contentType?.startsWith('text/event-stream') === true;
  const parts = isStream ? readEvents(body) : [body === '' ? '' : (JSON.parse(body) as unknown)];
  return parts.map((part) => JSON.stringify(part, steady, 1));
}

function asSent(body: unknown): string {
  return typeof body === 'string' ? body : JSON.stringify(body);
}

async function send(fake: FakeVllm, { method, path, body }: Recording['request']): Promise<Response> {
  return fetch(fake.url + path, {
    method,
    headers: { 'content-type': 'application/json', authorization: 'Bearer sesame' },
    ...(body !== null && { body: asSent(body) }),
  });
}

describe.each(folders)('$folder', ({ folder, slowlyRead = {}, ...options }) => {
  const directory = directoryOf(folder);
  // what was counted depends on all requests before: its lines are compared in metrics.test.ts
  const recordings = readRecordings(directory).filter(({ name }) => name !== 'metrics');
  let fake: FakeVllm;

  beforeAll(async () => {
    fake = await startFakeVllm({ ...options, servedName: 'demo', script: recorded(directory) });
  });
  afterAll(() => fake.close());

  test.each(recordings)('$name is answered as recorded', async ({ name, request, response }) => {
    fake.change({ idsPerChunk: slowlyRead[name] ?? [] });
    const answer = await send(fake, request);
    const contentType = answer.headers.get('content-type');
    expect(answer.status).toBe(response.status);
    expect(contentType).toBe(response.content_type);
    expect(comparable(contentType, await answer.text())).toEqual(comparable(contentType, asSent(response.body)));
  });

  test('a prompt with the beginning of its completion is continued with the rest', async () => {
    const whole = recordings.filter(({ name }) => name === 'completions').map(recordedIds)[0];
    const { promptIds = [], ids = [] } = whole ?? {};
    const body = { prompt: [...promptIds, ...ids.slice(0, 10)], max_tokens: 300, return_token_ids: true };
    const answer = await send(fake, { method: 'POST', path: '/v1/completions', body });
    expect(await answer.json()).toMatchObject({ choices: [{ token_ids: ids.slice(10), finish_reason: 'stop' }] });
  });

  // body and model are checked by the same code on both roads
  const errors = [
    { name: 'error-bad-json', body: '{bad' },
    { name: 'error-unknown-model', body: { model: 'nope', prompt: [1] } },
  ].flatMap(({ name, body }) =>
    recordings.filter((entry) => entry.name === name).map(({ response }) => ({ name, body, response })),
  );

  test.each(errors)('$name is the same on the text road', async ({ body, response }) => {
    const answer = await send(fake, { method: 'POST', path: '/v1/completions', body });
    expect(answer.status).toBe(response.status);
    expect(comparable(null, await answer.text())).toEqual(comparable(null, asSent(response.body)));
  });
});
