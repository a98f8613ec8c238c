/**
 * The fake answers every recorded request as the real vLLM did: status, content type, and body to the order of its
 * fields.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readEvents, readRecordings, recordedIds, type Recording } from '../support/fake-vllm/recordings.ts';
import { recorded } from '../support/fake-vllm/scripts.ts';
import { startFakeVllm, type FakeVllm, type FakeVllmOptions } from '../support/fake-vllm/server.ts';

type Folder = FakeVllmOptions & {
  readonly folder: string;
  /** The real server was read too slowly and put two ids into a chunk: the sizes of the first chunks, up to there. */
  readonly slowlyRead?: Readonly<Record<string, readonly number[]>>;
};

const folders: readonly Folder[] = [
  { folder: 'vllm-0.32.0', model: 'thinkmeter-demo', promptTokensDetails: true },
  {
    folder: 'vllm-0.32.0-plain',
    model: 'thinkmeter-demo',
    apiKey: 'sesame',
    slowlyRead: {
      'completions-stream': [...ones(100), 2],
      'completions-stream-length': [...ones(4), 2],
    },
  },
  { folder: 'vllm-0.32.0-demo-3', model: 'thinkmeter-demo-3', promptTokensDetails: true },
];

/** What differs from one run of a real server to the next. `root` is the folder's name on the command line. */
const volatileKeys = new Set(['created', 'system_fingerprint', 'root']);
const volatileId = /^(cmpl|modelperm)-[0-9a-f]{16}$/;

function steady(key: string, value: unknown): unknown {
  if (volatileKeys.has(key)) return 'volatile';
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
  const directory = fileURLToPath(new URL(`../fixtures/${folder}/`, import.meta.url));
  const recordings = readRecordings(directory);
  let fake: FakeVllm;

  beforeAll(async () => {
    fake = await startFakeVllm({ ...options, servedName: 'demo', script: recorded(directory) });
  });
  afterAll(() => fake.close());

  const sameRoute = recordings.filter(({ request }) => request.path !== '/v1/chat/completions');

  test.each(sameRoute)('$name is answered as recorded', async ({ name, request, response }) => {
    fake.change({ idsPerChunk: slowlyRead[name] ?? [] });
    const answer = await send(fake, request);
    const contentType = answer.headers.get('content-type');
    expect(answer.status).toBe(response.status);
    expect(contentType).toBe(response.content_type);
    expect(comparable(contentType, await answer.text())).toEqual(comparable(contentType, asSent(response.body)));
  });

  // recorded on the chat route; body and model are checked by the same code on both
  test.each([
    { name: 'error-bad-json', body: '{bad' },
    { name: 'error-unknown-model', body: { model: 'nope', prompt: [1] } },
  ])('$name is the same on the text route', async ({ name, body }) => {
    const known = recordings.find((entry) => entry.name === name)?.response;
    const answer = await send(fake, { method: 'POST', path: '/v1/completions', body });
    expect(answer.status).toBe(known?.status);
    expect(comparable(null, await answer.text())).toEqual(comparable(null, asSent(known?.body)));
  });

  test('a prompt with the beginning of its completion is continued with the rest', async () => {
    const whole = recordings.filter(({ name }) => name === 'completions').map(recordedIds)[0];
    const { promptIds = [], ids = [] } = whole ?? {};
    const body = { prompt: [...promptIds, ...ids.slice(0, 10)], max_tokens: 300, return_token_ids: true };
    const answer = await send(fake, { method: 'POST', path: '/v1/completions', body });
    expect(await answer.json()).toMatchObject({ choices: [{ token_ids: ids.slice(10), finish_reason: 'stop' }] });
  });
});

function ones(count: number): number[] {
  return Array<number>(count).fill(1);
}
