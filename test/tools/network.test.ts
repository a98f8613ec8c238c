/** What stands between the program and its server: certificates, proxies, gateways, and a server that sleeps. */
import { onTestFinished, expect, test } from 'vitest';
import { connect, type Connection } from '../support/connect.ts';
import { startForwardProxy } from '../support/forward-proxy.ts';
import { startRedirecting } from '../support/redirecting.ts';
import { errorSentence, runResult } from '../support/results.ts';
import { startFake, startRoad } from '../support/road.ts';
import { startTls } from '../support/tls-server.ts';

const question = 'Is it so?';

async function start(env: Readonly<Record<string, string>>): Promise<Connection> {
  const client = await connect({ env });
  onTestFinished(() => client.close());
  return client;
}

const sentenceOf = async (env: Readonly<Record<string, string>>): Promise<string> =>
  errorSentence(await (await start(env)).call('answer_fast', { question }));

// CherryHQ/cherry-studio#4862, metatool-ai/metamcp#110
test('NODE_EXTRA_CA_CERTS makes a private certificate trusted, as the error says', async () => {
  const tls = await startTls((_, response) => response.writeHead(500).end('{"detail":"hello over TLS"}'));
  expect(await sentenceOf({ THINKMETER_BASE_URL: `${tls.url}/v1` })).toMatch(/is not trusted.*Set NODE_EXTRA_CA_CERTS/);
  const env = { THINKMETER_BASE_URL: `${tls.url}/v1`, NODE_EXTRA_CA_CERTS: tls.certificateFile };
  expect(await sentenceOf(env)).toContain('hello over TLS');
});

test.each([
  { name: 'expired', options: { expired: true }, says: /certificate of https:\/\/localhost:\d+ has expired\. Renew/ },
  {
    name: 'for another name',
    options: { name: 'gpu.example' },
    says: /is not for localhost; it is for gpu\.example\. Set THINKMETER_BASE_URL to a host name that the certificate contains/,
  },
])('a trusted certificate that is $name is named', async ({ options, says }) => {
  const tls = await startTls((_, response) => response.end(), options);
  const env = { THINKMETER_BASE_URL: `${tls.url}/v1`, NODE_EXTRA_CA_CERTS: tls.certificateFile };
  expect(await sentenceOf(env)).toMatch(says);
});

// UI5/webcomponents-mcp-server#18, apify/mcpc#4, fastagent-sh/fastagent#474
test('the proxy of the environment is used, and NO_PROXY and this machine are not', async () => {
  const fake = await startFake();
  const { port, asked } = await startForwardProxy({ to: fake.url });
  const proxy = { HTTP_PROXY: `http://me:hunter2@127.0.0.1:${port}`, NO_PROXY: 'other.example' };
  const client = await start({ ...proxy, THINKMETER_BASE_URL: 'http://gpu.example:8000/v1' });
  const result = await client.call('reason', { question });
  expect(runResult(result).answer).toBe('The answer is 4.');
  expect(asked.some(({ line }) => line === 'POST http://gpu.example:8000/v1/completions')).toBe(true);
  const before = asked.length;
  const local = await start({ ...proxy, THINKMETER_BASE_URL: fake.url });
  runResult(await local.call('reason', { question }));
  expect(asked).toHaveLength(before);
  expect(JSON.stringify(result) + client.stderr()).not.toContain('hunter2');
});

test('a proxy that does not answer is named in the error and in server_status, without its password', async () => {
  const client = await start({
    HTTPS_PROXY: 'http://me:hunter2@127.0.0.1:1',
    THINKMETER_BASE_URL: 'https://integrate.api.nvidia.com/v1',
    THINKMETER_LOG_LEVEL: 'debug',
  });
  const says = /proxy at http:\/\/127\.0\.0\.1:1 \(HTTPS_PROXY\) cannot be reached.*NO_PROXY/i;
  expect(errorSentence(await client.call('reason', { question }))).toMatch(says);
  const { text } = await client.call('server_status', {});
  expect(text).toMatch(says);
  expect(text + client.stderr()).not.toContain('hunter2');
});

// simonw/llm#1328, graniet/llm#95, n4ze3m/page-assist#403
test('a gateway that wants headers of its own is passed with THINKMETER_HEADERS', async () => {
  const fake = await startFake();
  const road = await startRoad(fake.url, {
    detour: ({ headers }) =>
      headers['x-api-key'] === 'tiger' && headers.authorization === 'Basic bWU6aHVudGVyMg=='
        ? undefined
        : { status: 401, headers: { 'www-authenticate': 'Basic realm="gpu"' }, body: '' },
  });
  const client = await start({
    THINKMETER_BASE_URL: road.url,
    THINKMETER_API_KEY: 'sesame-open',
    THINKMETER_HEADERS: String.raw`X-Api-Key: tiger\nAuthorization: Basic bWU6aHVudGVyMg==`,
  });
  const result = await client.call('reason', { question });
  runResult(result);
  expect(JSON.stringify(result) + client.stderr()).not.toMatch(/tiger|bWU6|hunter2/);
  expect(road.passed.every(({ headers }) => headers.authorization?.startsWith('Basic ') === true)).toBe(true);
  expect(await sentenceOf({ THINKMETER_BASE_URL: road.url, THINKMETER_API_KEY: 'sesame-open' })).toMatch(
    /Basic authentication, 401\), not a key\. Set THINKMETER_HEADERS/,
  );
});

test('a redirect to another address takes no header along', async () => {
  const { url, other, seen } = await startRedirecting(308);
  const sentence = await sentenceOf({ THINKMETER_BASE_URL: url, THINKMETER_HEADERS: 'X-Api-Key: tiger' });
  expect(sentence).toContain(`Set THINKMETER_BASE_URL to ${other}`);
  expect(seen).toEqual([]);
});

// mikesvoboda/nemotron-v3-home-security-intelligence#5707, CosmosShadow/gptpdf#38
test('a request over the limit of nginx says how many bytes it had, and what to set', async () => {
  const fake = await startFake({ window: 262_144 });
  const road = await startRoad(fake.url, {
    detour: ({ path, bytes }) =>
      path === '/v1/completions' && bytes > 262_144
        ? {
            status: 413,
            headers: { server: 'nginx/1.22.1' },
            body: '<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n<body></body>\r\n</html>\r\n',
          }
        : undefined,
  });
  const client = await start({ THINKMETER_BASE_URL: road.url });
  // a control string makes the prompt travel as ids: several bytes for each character. The limit here is 256 KB
  const context = `</think> ${'1'.repeat(120_000)}`;
  const sentence = errorSentence(await client.call('answer_fast', { question, context, answer_tokens: 16 }));
  expect(sentence).toMatch(
    /nginx\/1\.22\.1 in front of http:\S+ accepts no request of [\d,]{7,} bytes \(413\)\. If it is nginx, set `client_max_body_size 16m;`/i,
  );
  expect(sentence).not.toContain('<');
});

// vllm-project/vllm#15483
test('a sleeping server is named by a call and by server_status', async () => {
  const fake = await startFake({ misbehave: { asleep: true } });
  const client = await start({ THINKMETER_BASE_URL: fake.url });
  const says = /sleeps \(vLLM's sleep mode\).*curl -X POST .*\/wake_up/;
  expect(errorSentence(await client.call('reason', { question }))).toMatch(says);
  expect((await client.call('server_status', {})).text).toMatch(says);
});
