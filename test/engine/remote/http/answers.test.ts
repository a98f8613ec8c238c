/** Error statuses and other answers than those requested: each meaning has its sentence, with the server's own words. */
import type { IncomingHttpHeaders } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { createRemoteEngine, type RemoteOptions } from '../../../../src/engine/remote/engine.ts';
import { MEANINGS } from '../../../../src/engine/remote/http/answers.ts';
import { ThinkmeterError, toSentence } from '../../../../src/errors.ts';
import { listening } from '../../../support/listening.ts';
import { startFake, startRoad, type Answer } from '../../../support/road.ts';
import { factsOf, failure, forever, generate, greedily } from '../../reading.ts';

const page = (title: string): string =>
  `<!DOCTYPE html>\r\n<html><head><title>${title}</title><style>p{}</style></head><body><h1>${title}</h1></body></html>`;
const PLAIN = { 'content-type': 'text/plain' };

type Row = {
  readonly meaning: string;
  readonly answer: Answer;
  readonly options?: Partial<RemoteOptions>;
  readonly says: RegExp;
};

const ROWS: readonly Row[] = [
  {
    meaning: 'http to a port with TLS',
    answer: { status: 400, body: page('400 The plain HTTP request was sent to HTTPS port') },
    says: /^The server at http:\S+ uses TLS on this port\. Set THINKMETER_BASE_URL to https:\/\/127\.0\.0\.1:\d+\.$/,
  },
  {
    // Go's servers, such as Ollama behind Caddy
    meaning: 'http to a port with TLS',
    answer: { status: 400, headers: PLAIN, body: 'Client sent an HTTP request to an HTTPS server.\n' },
    says: /uses TLS on this port/,
  },
  {
    meaning: 'a client certificate is required',
    answer: { status: 400, body: page('400 No required SSL certificate was sent') },
    says: /requires a client certificate.*such as stunnel/,
  },
  {
    // simonw/llm#1328, NatLibFi/BIBRA#115
    meaning: 'Basic authentication',
    answer: {
      status: 401,
      headers: { 'www-authenticate': 'Basic realm="gpu"' },
      body: page('401 Authorization Required'),
    },
    options: { apiKey: 'abcdef' },
    says: /^http:\S+ requires a user name and a password \(Basic authentication, 401\), not a key\. Set THINKMETER_HEADERS to `Authorization: Basic …`/,
  },
  {
    meaning: 'Basic authentication',
    answer: { status: 401, headers: { 'www-authenticate': 'Basic realm="gpu"' }, body: '' },
    options: { headers: 'Authorization: Basic bWU6aHVudGVyMg==' },
    says: /and refused those in THINKMETER_HEADERS/,
  },
  {
    // anomalyco/opencode#15406, Mintplex-Labs/anything-llm#4988
    meaning: 'a gateway refused the request',
    answer: { status: 403, headers: { server: 'cloudflare' }, body: page('Error ・ Cloudflare Access') },
    says: /^Cloudflare in front of http:\S+ refused the request \(403\): Error ・ Cloudflare Access\. Set THINKMETER_HEADERS.*CF-Access-Client-Id/,
  },
  {
    // ollama/ollama#3269, #3271, gluonfield/enchanted#88
    meaning: 'a server that refuses its public name',
    answer: { status: 403, body: '' },
    says: /without a reason \(403\).*THINKMETER_API_KEY; if it is Ollama behind a tunnel.*Host: localhost:11434/,
  },
  {
    meaning: 'a key',
    answer: { status: 403, body: { detail: 'this key has no access to nano' } },
    options: { apiKey: 'abcdef' },
    says: /refused the key \(403\): this key has no access to nano\. Set THINKMETER_API_KEY/,
  },
  {
    // OpenAI's answer to a project without the model; the key itself is right
    meaning: 'no such model',
    answer: { status: 403, body: { error: { message: 'Project `a` does not have access to model `b`', code: 'x' } } },
    options: { apiKey: 'abcdef' },
    says: /does not serve the model.* \(403\): Project `a` does not have access to model `b`\. Set THINKMETER_MODEL/,
  },
  {
    // OpenRouter's moderation
    meaning: 'a request that the account may not make',
    answer: { status: 403, body: { error: { message: 'Your input was flagged', code: 403 } } },
    options: { apiKey: 'abcdef' },
    says: /answered 403 to \/v1\/models: Your input was flagged\. If the words name neither/,
  },
  {
    meaning: 'a key',
    answer: { status: 401, body: { error: 'Unauthorized' } },
    options: { headers: 'Authorization: Token abcdef', apiKey: 'ghijkl' },
    says: /Check Authorization in THINKMETER_HEADERS, which is sent instead of the key/,
  },
  {
    // inconshreveable/ngrok#828
    meaning: 'an offline tunnel',
    answer: { status: 404, headers: { 'ngrok-error-code': 'ERR_NGROK_3200' }, body: page('ngrok') },
    says: /no server behind it \(ERR_NGROK_3200\)\. Start ngrok/,
  },
  {
    meaning: 'no such path',
    answer: { status: 404, body: page('404 Not Found') },
    says: /has no \/v1\/models\. Check THINKMETER_BASE_URL/,
  },
  {
    meaning: 'no such path',
    answer: { status: 404, body: { error: { code: 404, message: 'File Not Found', type: 'not_found_error' } } },
    says: /has no \/v1\/models/,
  },
  {
    meaning: 'something else is missing',
    answer: { status: 404, body: { detail: 'tenant blue is gone' } },
    says: /answered 404 to \/v1\/models: tenant blue is gone/,
  },
  {
    meaning: 'Cloudflare cannot reach the server',
    answer: { status: 530, headers: { server: 'cloudflare' }, body: page('Argo Tunnel error') },
    says: /Cloudflare, in front of .*\(530\)\. Check that the server and its tunnel/,
  },
  {
    meaning: 'a gateway without its server',
    answer: { status: 502, headers: { server: 'nginx/1.22.1' }, body: page('502 Bad Gateway') },
    says: /^Nginx\/1\.22\.1 in front of http:\S+ got no answer from the server \(502\)\. Check that the server is running|^nginx\/1\.22\.1 in front of/,
  },
  {
    meaning: 'a gateway without its server',
    answer: { status: 504, body: page('504 Gateway Time-out') },
    says: /\(504\)\. Check the server, or raise the time limit.*proxy_read_timeout/,
  },
  {
    meaning: 'a key',
    answer: { status: 403, body: { message: 'Missing required header X-Tenant-Key' } },
    says: /requires a key \(403\).* Set THINKMETER_HEADERS to `X-Tenant-Key: …`/,
  },
  {
    meaning: 'no credit',
    answer: { status: 402, body: { error: { message: 'Insufficient credits', code: 402 } } },
    says: /answered 402 to \/v1\/models: Insufficient credits\. Check the credit/,
  },
  {
    meaning: 'a list of models that fails',
    answer: { status: 500, body: { detail: 'hub unreachable' } },
    says: /answered 500 to \/v1\/models: hub unreachable.*THINKMETER_MODEL/,
  },
  {
    meaning: 'a request that the server refuses',
    answer: { status: 422, body: { detail: [{ loc: ['body', 'prompt'], msg: 'Input should be a string' }] } },
    says: /answered 422 to \/v1\/models: body\.prompt: Input should be a string/,
  },
];

async function errorOf(work: Promise<unknown>): Promise<ThinkmeterError> {
  const error = await failure(work);
  expect(error).toBeInstanceOf(ThinkmeterError);
  return error as ThinkmeterError;
}

test.each(ROWS)('$answer.status is $meaning: $says', async ({ answer, options, says }) => {
  const road = await startRoad((await startFake()).url, { detour: () => answer });
  const engine = createRemoteEngine({ baseUrl: `${road.url}/v1`, ...options });
  const sentence = toSentence(await errorOf(factsOf(engine)));
  expect(sentence).toMatch(says);
  expect(sentence).not.toMatch(/[<>]|hunter2|abcdef|ghijkl|bWU6/);
  expect(road.passed).toHaveLength(1);
});

/** Each is tested elsewhere: by `retries.test.ts`, and below. */
const ELSEWHERE = [
  'the API is at another address',
  'a login page instead of the API',
  'no such model',
  'a request over the limit of a proxy',
  'a model that is still loading',
  'the server is busy',
  'too many requests',
  'an error of the server',
];

test('every meaning has a test', () => {
  const tested = new Set([...ROWS.map(({ meaning }) => meaning), ...ELSEWHERE]);
  expect(MEANINGS.map(({ name }) => name).filter((name) => !tested.has(name))).toEqual([]);
});

/** Answers of a generation. */
const GENERATIONS = [
  {
    // Alishahryar1/free-claude-code#956: build.nvidia.com, for a model that the account cannot use
    name: 'a model that the account cannot use',
    status: 404,
    body: { status: 404, title: 'Not Found', detail: "Function 'x': Not found for account 'y'" },
    says: /does not serve the model thinkmeter-demo \(404\): Function 'x': Not found for account 'y'\. Set THINKMETER_MODEL/,
  },
  {
    name: 'a model that is missing, in SGLang’s shape',
    status: 404,
    body: { object: 'error', message: 'The model `x` does not exist.', type: 'NotFoundError', code: 404 },
    says: /does not serve the model thinkmeter-demo \(404\): The model `x` does not exist\. Set THINKMETER_MODEL/,
  },
  {
    name: 'a model that is missing, with 400',
    status: 400,
    body: { error: { message: 'x is not a valid model ID', code: 400 } },
    says: /does not serve the model thinkmeter-demo \(400\)/,
  },
  {
    // sgl-project/sglang: ErrorResponse is at the top level
    name: 'a request that is too long, in SGLang’s shape',
    status: 400,
    body: { object: 'error', message: 'The input (40000 tokens) is longer than the model length', code: 400 },
    says: /answered 400 to \/v1\/completions: The input \(40000 tokens\) is longer than the model length\. Check the request/,
  },
  {
    // j4ys0n/llm-proxy#15, kittors/CliRelay#148
    name: 'nginx’s limit',
    status: 413,
    headers: { server: 'nginx/1.22.1' },
    body: page('413 Request Entity Too Large'),
    says: /nginx\/1\.22\.1 in front of http:\S+ accepts no request of [\d,]+ bytes \(413\)\. If it is nginx, set `client_max_body_size 16m;`/i,
  },
] as const;

test.each(GENERATIONS)('a generation that is refused says why: $name', async ({ status, body, says, ...more }) => {
  const fake = await startFake();
  const road = await startRoad(fake.url, {
    detour: ({ path }) => (path === '/v1/completions' ? { status, body, ...more } : undefined),
  });
  const error = await errorOf(generate(createRemoteEngine({ baseUrl: road.url }), 'x', greedily(3)));
  expect(toSentence(error)).toMatch(says);
  expect(error.code).toBe('ENGINE_HTTP');
  expect(road.passed.filter(({ path }) => path === '/v1/completions')).toHaveLength(1);
});

test.each([
  {
    name: 'a web page',
    headers: {},
    body: page('Sign in to Wi-Fi'),
    says: /answered with a web page.*Sign in to Wi-Fi/,
  },
  {
    name: 'an error as JSON',
    headers: {},
    body: { message: 'quota is used up' },
    says: /does not have the format that vLLM uses: quota is used up/,
  },
  {
    name: 'an error event without a field for it',
    headers: { 'content-type': 'text/event-stream' },
    body: 'data: {"object":"error","message":"out of memory","code":500}\n\n',
    says: /does not have the format that vLLM uses: out of memory/,
  },
])('a stream that is $name and status 200 says so', async ({ headers, body, says }) => {
  const fake = await startFake();
  const road = await startRoad(fake.url, {
    detour: ({ path }) => (path === '/v1/completions' ? { status: 200, headers, body } : undefined),
  });
  const error = await errorOf(generate(createRemoteEngine({ baseUrl: `${road.url}/v1` }), 'x', greedily(3)));
  expect(toSentence(error)).toMatch(says);
});

// acheong08/ChatGPT#58, adminsyspro/proxcenter-ui#314
test('a web page instead of the list of models is named with its title', async () => {
  const road = await startRoad((await startFake()).url, { detour: () => ({ status: 200, body: page('Open WebUI') }) });
  const error = await errorOf(factsOf(createRemoteEngine({ baseUrl: road.url })));
  expect(toSentence(error)).toMatch(
    /answered with a web page to \/v1\/models: Open WebUI\. Set THINKMETER_BASE_URL to the API/,
  );
});

type Redirecting = { readonly url: string; readonly seen: readonly IncomingHttpHeaders[] };

async function redirecting(status: number, to: (path: string) => string): Promise<Redirecting> {
  const seen: IncomingHttpHeaders[] = [];
  const server = await listening((request, response) => {
    seen.push(request.headers);
    response.writeHead(status, { location: to(request.url ?? '') }).end();
  });
  onTestFinished(() => server.close());
  return { url: server.url, seen };
}

// danny-avila/LibreChat#4688; nginx-proxy/nginx-proxy#1738
test.each([301, 302, 307, 308])(
  'a redirect to another origin (%i) is not followed, and its address is shown',
  async (status) => {
    const fake = await startFake();
    const first = await redirecting(status, (path) => `${fake.url}/gpu${path}?token=hunter2`);
    const error = await errorOf(factsOf(createRemoteEngine({ baseUrl: `${first.url}/v1`, apiKey: 'abcdef' })));
    expect(toSentence(error)).toBe(
      `The server at ${first.url} redirects /v1/models to ${fake.url} (${status}), and thinkmeter sends no request and no key there. ` +
        `Set THINKMETER_BASE_URL to ${fake.url}/gpu if you trust this address.`,
    );
    expect(fake.requests).toEqual([]);
    expect(first.seen).toHaveLength(1);
  },
);

test('a redirect to a login page is named as that, without its query', async () => {
  const first = await redirecting(302, () => 'https://login.example/oauth2/authorize?state=hunter2');
  const sentence = toSentence(await errorOf(factsOf(createRemoteEngine({ baseUrl: `${first.url}/v1` }))));
  expect(sentence).toMatch(
    /redirects \/v1\/models to https:\/\/login\.example\/oauth2\/authorize \(302\), which is probably a login page/,
  );
  expect(sentence).not.toContain('hunter2');
});

test('a redirect on the same origin that keeps the method is followed, with the body and the key', async () => {
  const fake = await startFake({ apiKey: 'abcdef' });
  const road = await startRoad(fake.url, {
    below: '/new',
    detour: ({ path }) =>
      path.startsWith('/new') ? undefined : { status: 308, headers: { location: `/new${path}` }, body: '' },
  });
  const { origin } = new URL(road.url);
  const { ids } = await generate(createRemoteEngine({ baseUrl: origin, apiKey: 'abcdef' }), 'x', greedily(3));
  expect(ids).toHaveLength(3);
});

test('a redirect without end is an error', async () => {
  const first = await redirecting(307, (path) => path);
  const error = await errorOf(factsOf(createRemoteEngine({ baseUrl: `${first.url}/v1` })));
  expect(error).toMatchObject({ code: 'ENGINE_HTTP', status: 307 });
  expect(first.seen.length).toBeLessThan(6);
});

test('a failing generation whose caller leaves is no error of the server', async () => {
  const engine = createRemoteEngine({ baseUrl: (await startFake()).url });
  const leave = new AbortController();
  leave.abort();
  const session = await engine.open({ signal: forever() });
  const { beginning } = await session.render(
    { system: [], user: [{ from: 'ours', text: 'x' }] },
    { thinking: false, room: 0, signal: forever() },
  );
  const reading = (async () => {
    for await (const _ of session.generate(beginning, greedily(3), { signal: leave.signal }));
  })();
  expect(await failure(reading)).not.toBeInstanceOf(ThinkmeterError);
});
