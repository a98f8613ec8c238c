/** Which paths are there, and what they tell of the server. */
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import type { Misbehaviour } from '../support/fake-vllm/misbehaviour.ts';
import { startFakeVllm, type FakeVllm, type FakeVllmOptions } from '../support/fake-vllm/server.ts';
import { post, somePrompt } from './stream-client.ts';

async function start(options: FakeVllmOptions = {}): Promise<FakeVllm> {
  const fake = await startFakeVllm(options);
  onTestFinished(() => fake.close());
  return fake;
}

const schema = z.object({ properties: z.record(z.string(), z.unknown()) });
const description = z.object({
  info: z.object({ title: z.string() }),
  components: z.object({ schemas: z.object({ CompletionRequest: schema, ChatCompletionRequest: schema }) }),
});

test.each([
  { reasoning: 'parser', version: '0.32.0', knows: true },
  { reasoning: 'absent', version: '0.32.0', knows: true },
  { reasoning: 'v2-runner', version: '0.27.0', knows: true },
  { reasoning: 'ignored', version: '0.13.0', knows: false },
] as const)(
  '$reasoning: version $version, a budget among the fields: $knows',
  async ({ reasoning, version, knows }) => {
    const fake = await start({ reasoning });
    expect(await (await fetch(`${fake.url}/version`)).json()).toEqual({ version });
    const { info, components } = description.parse(await (await fetch(`${fake.url}/openapi.json`)).json());
    expect(info.title).toBe('FastAPI');
    for (const { properties } of Object.values(components.schemas)) {
      expect(Object.hasOwn(properties, 'thinking_token_budget')).toBe(knows);
      expect(properties).toHaveProperty('return_token_ids');
    }
    expect(components.schemas.CompletionRequest.properties).toHaveProperty('prompt');
    expect(components.schemas.ChatCompletionRequest.properties).toHaveProperty('messages');
  },
);

test('hideDocs has no description', async () => {
  const answer = await fetch(`${(await start({ hideDocs: true })).url}/openapi.json`);
  expect(answer.status).toBe(404);
  expect(await answer.json()).toEqual({ detail: 'Not Found' });
});

const all = ['/health', '/version', '/metrics', '/openapi.json', '/v1/models', '/v1/completions', '/tokenize'];

const hiding: readonly { readonly misbehave: Misbehaviour; readonly hidden: readonly string[] }[] = [
  { misbehave: {}, hidden: [] },
  { misbehave: { noVersion: true }, hidden: ['/version'] },
  { misbehave: { noCompletions: true }, hidden: ['/v1/completions'] },
  { misbehave: { noTokenize: true }, hidden: ['/tokenize'] },
  { misbehave: { hide: ['/metrics', '/health'] }, hidden: ['/metrics', '/health'] },
  { misbehave: { hide: ['/v1/models'], noVersion: true }, hidden: ['/version', '/v1/models'] },
];

test.each(hiding)('$misbehave hides $hidden', async ({ misbehave, hidden }) => {
  const fake = await start({ misbehave });
  const found = await Promise.all(
    all.map(async (path) => {
      const isRead = path === '/v1/completions' || path === '/tokenize';
      const answer = await (isRead ? post(fake, path, { prompt: somePrompt }) : fetch(fake.url + path));
      return answer.status === 404 ? [path] : [];
    }),
  );
  expect(found.flat()).toEqual(all.filter((path) => hidden.includes(path)));
});

test('without completions there is still the chat road', async () => {
  const fake = await start({ misbehave: { noCompletions: true } });
  const messages = [{ role: 'user', content: 'How much?' }];
  expect((await post(fake, '/v1/chat/completions', { messages })).status).toBe(200);
});
