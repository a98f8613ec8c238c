/** `server_status` where something is wrong: what, and what mends it. */
import { expect, onTestFinished, test } from 'vitest';
import { connect, type Connection } from '../support/connect.ts';
import { startFakeServer } from '../support/fake-servers/server.ts';
import { startFakeVllm, type FakeVllmOptions } from '../support/fake-vllm/server.ts';
import { statusResult } from '../support/status-result.ts';

const KEY = 'sk-never-show-this-0123456789';

async function start(options: FakeVllmOptions, env: Readonly<Record<string, string>> = {}): Promise<Connection> {
  const fake = await startFakeVllm(options);
  onTestFinished(() => fake.close());
  const client = await connect({ fake, env });
  onTestFinished(() => client.close());
  return client;
}

const faulty: readonly { name: string; options: FakeVllmOptions; says: RegExp; status?: object }[] = [
  {
    name: 'it takes messages only',
    options: { misbehave: { noTokenize: true } },
    says: /over chat completions only.*THINKMETER_TOKENIZER/,
    status: { can: { token_ids: false, counted_by: 'usage' } },
  },
  {
    name: 'prefix caching is off',
    options: { prefixCaching: false },
    says: /prefix caching is off.*--enable-prefix-caching/,
    status: { can: { prefix_caching: false } },
  },
  { name: 'its window is short', options: { window: 1024 }, says: /1024 tokens.*--max-model-len/ },
];

test.each(faulty)(
  'a server with a fault is up, and what mends it is told: $name',
  async ({ options, says, status }) => {
    const { faults, ...rest } = statusResult(await (await start(options)).call('server_status', {}));
    expect(rest).toMatchObject({ ok: true, ...status });
    expect(faults.map(({ what, fix }) => `${what} ${fix}`)).toEqual([expect.stringMatching(says)]);
  },
);

test.each(['lemonade', 'lm-studio', 'ollama'] as const)(
  'a model that %s has not loaded yet is told, until it is',
  async (kind) => {
    const asked = async (notLoaded: boolean): Promise<string> => {
      const fake = await startFakeServer(kind, { notLoaded });
      onTestFinished(() => fake.close());
      const client = await connect({ fake });
      onTestFinished(() => client.close());
      const { faults } = statusResult(await client.call('server_status', {}));
      return faults.map(({ what, fix }) => `${what} ${fix}`).join('\n');
    };
    expect(await asked(true)).toMatch(
      /thinkmeter-demo\S* is not loaded: the first call waits.*(lemonade load|lms load|ollama run)/,
    );
    expect(await asked(false)).not.toContain('not loaded');
  },
);

const unready: readonly { name: string; env: Record<string, string>; says: RegExp }[] = [
  { name: 'a wrong key', env: { THINKMETER_API_KEY: KEY }, says: /refused the key.*THINKMETER_API_KEY/ },
  { name: 'no key', env: {}, says: /requires a key.*THINKMETER_API_KEY/ },
  {
    name: 'a model that it does not have',
    env: { THINKMETER_API_KEY: 'sesame', THINKMETER_MODEL: 'gpt' },
    says: /serves thinkmeter-demo, not gpt.*THINKMETER_MODEL/,
  },
  {
    name: 'nobody there',
    env: { THINKMETER_API_KEY: KEY, THINKMETER_BASE_URL: 'http://127.0.0.1:1' },
    says: /no server answers at http:\/\/127\.0\.0\.1:1.*start vLLM.*THINKMETER_ENGINE=demo/,
  },
  {
    name: 'a tokenizer that is not there',
    env: { THINKMETER_API_KEY: 'sesame', THINKMETER_TOKENIZER: '/nowhere' },
    says: /THINKMETER_TOKENIZER is \/nowhere.*tokenizer\.json/,
  },
];

test.each(unready)('what is not ready is told, with the way on, and never a key: $name', async ({ env, says }) => {
  const client = await start({ apiKey: 'sesame' }, env);
  const result = await client.call('server_status', {});
  const { faults, ...rest } = statusResult(result);
  expect(rest).toEqual({
    ok: false,
    server: 'nothing',
    can: { token_ids: false, own_budget: 'none' },
    spent: { calls: 0, prompt_tokens: 0, thinking_tokens: 0, answer_tokens: 0 },
  });
  expect(faults.map(({ what, fix }) => `${what} ${fix}`)).toEqual([expect.stringMatching(says)]);
  expect(JSON.stringify(result) + client.stderr()).not.toMatch(/sk-never|sesame/);
});
