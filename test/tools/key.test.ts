/** The operator's key goes to the operator's address, and nowhere else. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { connect, type Connection } from '../support/connect.ts';
import { startFakeVllm } from '../support/fake-vllm/server.ts';
import { Program, runProgram } from '../support/program.ts';
import { startRedirecting } from '../support/redirecting.ts';
import { errorSentence, runResult } from '../support/results.ts';

const KEY = 'sk-never-show-this-0123456789';
const call = { question: 'Is it so?' };

async function start(env: Readonly<Record<string, string>>): Promise<Connection> {
  const client = await connect({ env });
  onTestFinished(() => client.close());
  return client;
}

test('the key opens a server that asks for it', async () => {
  const fake = await startFakeVllm({ apiKey: KEY });
  onTestFinished(() => fake.close());
  const client = await start({ THINKMETER_BASE_URL: `${fake.url}/v1`, THINKMETER_API_KEY: KEY });
  const result = await client.call('reason', call);
  runResult(result);
  expect(JSON.stringify(result) + (await client.read(result.link ?? '')) + client.stderr()).not.toContain(KEY);
});

test('another program’s key and organization, found in the environment, go nowhere', async () => {
  const fake = await startFakeVllm();
  onTestFinished(() => fake.close());
  const client = await start({
    THINKMETER_BASE_URL: fake.url,
    OPENAI_API_KEY: KEY,
    OPENAI_ORG_ID: KEY,
    OPENAI_PROJECT_ID: KEY,
    OPENAI_BASE_URL: 'http://127.0.0.1:1',
  });
  runResult(await client.call('reason', call));
  expect(JSON.stringify(fake.requests.map(({ headers }) => headers))).not.toContain(KEY);
  expect(fake.requests.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
});

test('a redirect to another address takes no key along', async () => {
  const { url, seen } = await startRedirecting(307);
  const client = await start({ THINKMETER_BASE_URL: url, THINKMETER_API_KEY: KEY });
  errorSentence(await client.call('reason', call));
  expect(JSON.stringify(seen)).not.toContain(KEY);
});

describe('a key that travels in clear', () => {
  const rows = [
    { url: 'http://gpu-box.example:8000/v1', warns: true },
    { url: 'https://gpu-box.example/v1', warns: false },
    { url: 'http://127.0.0.1:8000', warns: false },
  ];

  test.each(rows)('to $url is warned of at the start: $warns', async ({ url, warns }) => {
    const program = new Program({ env: { THINKMETER_BASE_URL: url, THINKMETER_API_KEY: KEY } });
    onTestFinished(() => program.kill());
    await program.initialize();
    program.child.stdin.end();
    await program.ended;
    expect(program.stderr.includes('unencrypted')).toBe(warns);
    expect(program.stderr).not.toContain(KEY);
  });

  test('an address with a password in it is refused, and not repeated', async () => {
    const env = { THINKMETER_BASE_URL: `http://me:${KEY}@gpu-box.example:8000/v1`, THINKMETER_API_KEY: 'k' };
    const client = await start(env);
    const sentence = errorSentence(await client.call('reason', call));
    expect(sentence).toContain('THINKMETER_API_KEY');
    expect(sentence + client.stderr()).not.toContain(KEY);
    const { code, stdout, stderr } = await runProgram({ args: ['ask', 'x'], env });
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).not.toContain(KEY);
  });
});
