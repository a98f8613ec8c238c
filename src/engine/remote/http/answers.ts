/**
 * What an error status means: one row per meaning, with what happened and what to do. Rows are tried in this order. The
 * words are the server's own, without secrets.
 */
import { CERTIFICATE_FIX } from './causes.ts';
import { saysNothing } from './words.ts';

/** A response with an error status. */
export type Answered = {
  readonly root: string;
  readonly path: string;
  readonly method: 'GET' | 'POST';
  readonly status: number;
  /** the value of a response header */
  readonly header: (name: string) => string;
  /** the server's own words; undefined: the body contains none */
  readonly words: string | undefined;
  /** the body is a web page */
  readonly isPage: boolean;
  /** of the request's body */
  readonly sentBytes: number;
  /** the model that the request names */
  readonly model: string | undefined;
  readonly hasKey: boolean;
  /** THINKMETER_HEADERS contains `Authorization` */
  readonly hasAuthorization: boolean;
  /** a redirect that was not followed, without its query */
  readonly location: URL | undefined;
};

export type Meaning = {
  readonly name: string;
  readonly statuses?: readonly number[];
  readonly words?: RegExp;
  readonly when?: (answered: Answered) => boolean;
  readonly what: (answered: Answered) => string;
  readonly fix: (answered: Answered) => string;
  /** `missing`: this server has no such path */
  readonly kind?: 'missing';
};

/** vLLM, OpenAI, Ollama, LM Studio, OpenRouter, build.nvidia.com (Alishahryar1/free-claude-code#956) and LiteLLM. */
const NO_SUCH_MODEL =
  /\bmodels?\b[^.]{0,120}\b(does not exist|not found|not exist|is not available|is not supported by)|\b(unknown|no such|invalid) model\b|model_not_found|not a valid model|not found for account|does not have access to (the )?model/i;

/** Another header than Authorization, which a refusal names: `X-API-Key`, `api-key` (Azure), `Ocp-Apim-Subscription-Key`. */
const OTHER_HEADER = /\b(?:x-[a-z][\w-]*|[a-z]+(?:-[a-z]+)*-(?:key|token|secret))\b/i;

/** What a refusal of the key itself speaks of. */
const ABOUT_A_KEY = /key|token|auth|credential|permission|forbidden|denied|access/i;

const NGINX_HTTPS = /plain HTTP request was sent to HTTPS port|HTTP request to an HTTPS server/i;

const secure = (root: string): string => root.replace(/^http:/, 'https:');
const gateway = ({ header }: Answered): string => {
  const server = header('server')
    .replaceAll(/[^\w./ -]/g, '')
    .slice(0, 40);
  return server === '' ? 'a gateway' : server;
};
/** The words behind a colon, unless they only repeat the status. */
const behind = ({ words }: Answered): string => (saysNothing(words) ? '' : `: ${words}`);
const number = (count: number): string => count.toLocaleString('en-US');

export const MEANINGS: readonly Meaning[] = [
  {
    name: 'the API is at another address',
    when: ({ location, path }) => location !== undefined && location.pathname.endsWith(path),
    what: ({ root, path, status, location }) =>
      `the server at ${root} redirects ${path} to ${location?.origin} (${status}), and thinkmeter sends no request and no key there`,
    // danny-avila/LibreChat#4688; nginx-proxy/nginx-proxy#1738: after 301, clients send GET instead of POST
    fix: ({ location, path }) =>
      `set THINKMETER_BASE_URL to ${location?.origin}${location?.pathname.slice(0, -path.length)} if you trust this address`,
  },
  {
    name: 'a login page instead of the API',
    when: ({ location }) => location !== undefined,
    what: ({ root, path, status, location }) =>
      `${root} redirects ${path} to ${location?.origin}${location?.pathname} (${status}), which is probably a login page`,
    fix: () =>
      'set THINKMETER_API_KEY or THINKMETER_HEADERS to what the gateway expects from a program, or set THINKMETER_BASE_URL to the address of the server itself',
  },
  {
    name: 'http to a port with TLS',
    statuses: [400, 497],
    words: NGINX_HTTPS,
    what: ({ root }) => `the server at ${root} uses TLS on this port`,
    fix: ({ root }) => `set THINKMETER_BASE_URL to ${secure(root)}`,
  },
  {
    name: 'a client certificate is required',
    statuses: [400, 496],
    // nginx, ssl_verify_client
    words: /No required SSL certificate was sent/i,
    what: ({ root }) => `the server at ${root} requires a client certificate, which thinkmeter does not send`,
    fix: () => CERTIFICATE_FIX,
  },
  {
    name: 'Basic authentication',
    statuses: [401],
    // simonw/llm#1328
    when: ({ header }) => /^basic\b/i.test(header('www-authenticate')),
    what: ({ root, hasAuthorization, hasKey }) =>
      `${root} requires a user name and a password (Basic authentication, 401)${hasAuthorization ? ', and refused those in THINKMETER_HEADERS' : hasKey ? ', not a key' : ''}`,
    fix: () => 'set THINKMETER_HEADERS to `Authorization: Basic …`, with USER:PASSWORD in Base64',
  },
  {
    name: 'a gateway refused the request',
    statuses: [401, 403],
    // anomalyco/opencode#15406: Cloudflare Access answers a program with a page
    when: ({ isPage }) => isPage,
    what: (answered) =>
      `${gateway(answered)} in front of ${answered.root} refused the request (${answered.status})${behind(answered)}`,
    fix: () =>
      'set THINKMETER_HEADERS to the headers that the gateway expects from a program, such as CF-Access-Client-Id and CF-Access-Client-Secret',
  },
  {
    name: 'a server that refuses its public name',
    statuses: [403],
    // ollama/ollama#3269: Ollama refuses host names that it does not know, with an empty body
    when: ({ words, hasKey }) => words === undefined && !hasKey,
    what: ({ root }) => `the server at ${root} refused the request without a reason (403)`,
    fix: () =>
      'if the server requires a key, set THINKMETER_API_KEY; if it is Ollama behind a tunnel or proxy, let this send `Host: localhost:11434`',
  },
  {
    name: 'no such model',
    statuses: [400, 403, 404, 422],
    words: NO_SUCH_MODEL,
    what: ({ root, model, status, words }) =>
      `the server at ${root} does not serve ${model === undefined ? 'the model' : `the model ${model}`} (${status}): ${words}`,
    fix: () => 'set THINKMETER_MODEL to a model that this server, and your account there, can use',
  },
  {
    name: 'a request that the account may not make',
    statuses: [403],
    // a service knows the key, and refuses this request: moderation, a region, a plan
    when: ({ hasKey, words }) => hasKey && words !== undefined && !ABOUT_A_KEY.test(words),
    what: generic,
    fix: () =>
      'if the words name neither the text nor the account as the reason, check the key in THINKMETER_API_KEY and its permissions',
  },
  {
    name: 'a key',
    statuses: [401, 403],
    what: (answered) =>
      `the server at ${answered.root} ${answered.hasKey ? 'refused the key' : answered.hasAuthorization ? 'refused THINKMETER_HEADERS' : 'requires a key'} (${answered.status})${behind(answered)}`,
    fix: ({ hasAuthorization, words }) => {
      const header = /\bheader/i.test(words ?? '') ? OTHER_HEADER.exec(words ?? '')?.[0] : undefined;
      if (header !== undefined)
        return `set THINKMETER_HEADERS to \`${header}: …\`; THINKMETER_API_KEY is sent as Authorization`;
      return hasAuthorization
        ? 'check Authorization in THINKMETER_HEADERS, which is sent instead of the key'
        : 'set THINKMETER_API_KEY to the key that the server was started with';
    },
  },
  {
    name: 'an offline tunnel',
    when: ({ header }) => header('ngrok-error-code') !== '',
    // inconshreveable/ngrok#828: the page has status 404
    what: ({ root, header }) => `the tunnel at ${root} has no server behind it (${header('ngrok-error-code')})`,
    fix: () => 'start ngrok on the machine of the server, and set THINKMETER_BASE_URL to the address that ngrok shows',
  },
  {
    name: 'no such path',
    statuses: [404],
    when: ({ isPage, words }) => isPage || saysNothing(words),
    what: ({ root, path }) => `the server at ${root} has no ${path}`,
    fix: () => 'check THINKMETER_BASE_URL, or connect to the server without a proxy that hides this path',
    kind: 'missing',
  },
  {
    name: 'a request over the limit of a proxy',
    statuses: [413],
    // mikesvoboda/nemotron-v3-home-security-intelligence#5707: nginx's default is 1 MB
    what: (answered) =>
      `${gateway(answered)} in front of ${answered.root} accepts no request of ${number(answered.sentBytes)} bytes (413)`,
    fix: ({ sentBytes }) =>
      `if it is nginx, set \`client_max_body_size ${Math.max(16, Math.ceil(sentBytes / 500_000))}m;\` in the location of this server; otherwise raise the limit of the gateway, or send a shorter text`,
  },
  {
    name: 'Cloudflare cannot reach the server',
    statuses: [520, 521, 522, 523, 524, 525, 526, 530],
    what: ({ root, status }) => `Cloudflare, in front of ${root}, got no answer from the server (${status})`,
    fix: ({ status }) =>
      status === 524
        ? 'Cloudflare ends a request without a first byte after 100 seconds: connect to the server without Cloudflare, or lower the load'
        : 'check that the server and its tunnel are running',
  },
  {
    name: 'a gateway without its server',
    statuses: [502, 503, 504],
    when: ({ isPage, words }) => isPage || saysNothing(words),
    what: (answered) =>
      `${gateway(answered)} in front of ${answered.root} got no answer from the server (${answered.status})`,
    fix: ({ status }) =>
      status === 504
        ? 'check the server, or raise the time limit of the gateway (nginx: proxy_read_timeout)'
        : 'check that the server is running, and that the gateway has the right address of the server',
  },
  {
    name: 'a model that is still loading',
    words: /loading model|model is (still |currently )?loading/i,
    what: generic,
    fix: () => 'the server is still loading its model: try again in a moment',
  },
  {
    name: 'too many requests',
    statuses: [429],
    what: generic,
    fix: ({ header }) => {
      const wait = header('retry-after').trim();
      const when = /^\d{1,6}$/.test(wait) ? `in ${wait} seconds` : 'later';
      return `try again ${when}, or set THINKMETER_REQUESTS_PER_MINUTE to what the server allows`;
    },
  },
  {
    name: 'the server is busy',
    statuses: [503, 529],
    what: generic,
    fix: () => 'the server is busy: try again later',
  },
  {
    name: 'no credit',
    statuses: [402],
    what: generic,
    fix: () => 'check the credit and the limits of the account that THINKMETER_API_KEY belongs to',
  },
  {
    name: 'a list of models that fails',
    when: ({ status, path }) => status >= 500 && path === '/v1/models',
    what: generic,
    fix: () => "check the server's log, or set THINKMETER_MODEL to the name of the served model",
  },
  {
    name: 'an error of the server',
    when: ({ status }) => status >= 500,
    what: generic,
    fix: () => "check the server's log",
  },
  {
    name: 'something else is missing',
    statuses: [404],
    what: generic,
    fix: () => 'check THINKMETER_BASE_URL and THINKMETER_MODEL',
  },
  {
    name: 'a request that the server refuses',
    when: () => true,
    what: generic,
    fix: () => 'check the request against what this server accepts',
  },
];

function generic({ root, path, status, words }: Answered): string {
  return `the server at ${root} answered ${status} to ${path}${words === undefined ? '' : `: ${words}`}`;
}

/** Statuses after which the request is sent again: the server is busy or restarts. After 504 the first may still be running. */
const AGAIN = new Set([429, 503]);

export function meaningOf(answered: Answered): Meaning {
  const fits = ({ statuses, words, when }: Meaning): boolean =>
    (statuses === undefined || statuses.includes(answered.status)) &&
    (words === undefined || words.test(answered.words ?? '')) &&
    (when === undefined || when(answered));
  return MEANINGS.find(fits) ?? (MEANINGS.at(-1) as Meaning);
}

export function canHelpAgain(status: number): boolean {
  return AGAIN.has(status);
}
