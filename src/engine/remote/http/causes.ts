/**
 * Why a request got no answer: one row per cause, with what happened and what to do. Rows are tried in this order. The
 * codes are Node's, OpenSSL's (`node:tls`, X509 certificate error codes) and undici's.
 */
import type { Proxy } from './proxies.ts';

/** A request that got no answer. */
export type Unanswered = {
  /** the server's address, without a path */
  readonly server: URL;
  /** the server's address as it was set, for messages */
  readonly root: string;
  readonly proxy: Proxy | undefined;
  /** this process runs in a container */
  readonly inContainer: boolean;
  /** of the error and its causes */
  readonly codes: readonly string[];
  /** the messages of the error and its causes */
  readonly text: string;
  /** the names that the certificate is for, if they do not contain the host's */
  readonly certificateNames?: string | undefined;
};

export type Cause = {
  readonly name: string;
  readonly codes?: readonly string[];
  readonly text?: RegExp;
  /** narrows the codes or the text, or stands alone */
  readonly when?: (failed: Unanswered) => boolean;
  readonly what: (failed: Unanswered) => string;
  readonly fix: (failed: Unanswered) => string;
  /** another attempt can help */
  readonly again?: true;
};

const proxyOf = ({ proxy }: Unanswered): string => `the proxy at ${proxy?.address} (${proxy?.variable})`;
const portOf = ({ port, protocol }: URL): string => port || (protocol === 'https:' ? '443' : '80');
const withScheme = ({ root }: Unanswered, scheme: 'http' | 'https'): string => root.replace(/^https?/, scheme);
const isPrivate = ({ hostname }: URL): boolean =>
  /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.)|\.local$/.test(hostname);
const NOT_CONNECTED = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'UND_ERR_CONNECT_TIMEOUT',
];

const START =
  'start vLLM at this address, set THINKMETER_BASE_URL to the address of your server, or set THINKMETER_ENGINE=demo to try the demo model';

export const CERTIFICATE_FIX =
  'connect through a program that holds the certificate, such as stunnel, and set THINKMETER_BASE_URL to this program';

export const CAUSES: readonly Cause[] = [
  {
    name: 'the proxy requires a password',
    text: /Proxy Authentication Required|Proxy response \(407\)/,
    what: (failed) => `${proxyOf(failed)} requires a user name and a password (407)`,
    fix: ({ proxy }) => `set ${proxy?.variable} to http://USER:PASSWORD@HOST:PORT`,
  },
  {
    name: 'the proxy refuses the server',
    text: /Proxy response \(\d+\)/,
    what: (failed) =>
      `${proxyOf(failed)} refused to connect to ${failed.server.host} (${/Proxy response \((\d+)\)/.exec(failed.text)?.[1]})`,
    fix: ({ server }) =>
      `allow ${server.hostname} and port ${portOf(server)} in the proxy, or add ${server.hostname} to NO_PROXY if the server can be reached without the proxy`,
  },
  {
    name: 'the proxy does not answer',
    codes: NOT_CONNECTED,
    when: ({ proxy }) => proxy !== undefined,
    what: (failed) =>
      `${proxyOf(failed)} cannot be reached: ${failed.codes.find((code) => NOT_CONNECTED.includes(code))}`,
    fix: ({ proxy, server }) =>
      `check ${proxy?.variable}, or add ${server.hostname} to NO_PROXY if the server can be reached without the proxy`,
  },
  {
    name: 'a port that fetch refuses',
    text: /\bbad port\b/,
    what: ({ root, server }) =>
      `no server answers at ${root}: fetch sends no request to port ${portOf(server)}, which is on its list of refused ports, although curl does`,
    fix: () =>
      'start vLLM on another port, such as 8000, and set THINKMETER_BASE_URL to that port, or set THINKMETER_ENGINE=demo to try the demo model',
  },
  {
    name: 'an expired certificate',
    codes: ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'],
    what: ({ root, codes }) =>
      `the certificate of ${root} ${codes.includes('CERT_HAS_EXPIRED') ? 'has expired' : 'is not valid yet'}`,
    fix: () => 'renew the certificate of the server, and check the clock of this machine',
  },
  {
    name: 'a certificate for another name',
    codes: ['ERR_TLS_CERT_ALTNAME_INVALID'],
    what: ({ server, root, certificateNames: names }) =>
      `the certificate of ${root} is not for ${server.hostname}${names === undefined ? '' : `; it is for ${names}`}`,
    fix: () => 'set THINKMETER_BASE_URL to a host name that the certificate contains',
  },
  {
    name: 'a certificate that is not trusted',
    codes: [
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'SELF_SIGNED_CERT_IN_CHAIN',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'UNABLE_TO_GET_ISSUER_CERT',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'CERT_UNTRUSTED',
      'INVALID_CA',
      'INVALID_PURPOSE',
      'CERT_SIGNATURE_FAILURE',
    ],
    what: ({ root, codes }) =>
      `the certificate of ${root} is not trusted: ${codes.some((code) => code.includes('SELF_SIGNED')) ? 'it, or its authority, is self-signed' : 'its authority is unknown to Node'} (${codes.find((code) => /CERT|SIGN|CA$|PURPOSE/.test(code))})`,
    fix: () =>
      'set NODE_EXTRA_CA_CERTS to a PEM file with the certificate of this authority, where the THINKMETER variables are set, and restart',
  },
  {
    name: 'TLS to a server without TLS',
    text: /wrong version number|packet length too long|http request/i,
    when: ({ codes, server }) => server.protocol === 'https:' && codes.some((code) => /^(ERR_SSL|EPROTO)/.test(code)),
    what: ({ root }) => `the server at ${root} does not use TLS on this port`,
    fix: (failed) => `set THINKMETER_BASE_URL to ${withScheme(failed, 'http')}, or to the port that uses TLS`,
  },
  {
    name: 'a client certificate is required',
    text: /certificate required|bad certificate|ALERT_CERTIFICATE_REQUIRED|ALERT_BAD_CERTIFICATE/i,
    what: ({ root }) => `the server at ${root} requires a client certificate, which thinkmeter does not send`,
    fix: () => CERTIFICATE_FIX,
  },
  {
    name: 'a failed TLS handshake',
    when: ({ codes }) => codes.some((code) => /^(ERR_SSL|ERR_TLS|EPROTO)/.test(code)),
    what: ({ root, codes }) =>
      `the TLS handshake with ${root} failed (${codes.find((code) => /SSL|TLS|EPROTO/.test(code))})`,
    fix: () => 'check the TLS versions and the certificate of the server, and any proxy that inspects TLS',
  },
  {
    name: 'host.docker.internal is unknown',
    codes: ['ENOTFOUND', 'EAI_AGAIN'],
    // docker/genai-stack#39: the name exists by default only in Docker Desktop
    when: ({ server }) => server.hostname === 'host.docker.internal',
    what: () => 'the host name host.docker.internal is not known in this container',
    fix: () => 'start the container with --add-host=host.docker.internal:host-gateway',
  },
  {
    name: 'an unknown host name',
    codes: ['ENOTFOUND'],
    what: ({ server }) => `the host name ${server.hostname} is not known (ENOTFOUND)`,
    fix: () => 'check the spelling in THINKMETER_BASE_URL, and the VPN if the name belongs to an internal network',
  },
  {
    name: 'no name server',
    codes: ['EAI_AGAIN'],
    what: ({ server }) => `no name server answered for ${server.hostname} (EAI_AGAIN)`,
    // NVIDIA/NemoClaw#704: a sandbox without a name server, whose proxy resolves names
    fix: () =>
      'check the network of this machine or container; if only a proxy has access to the network, set HTTPS_PROXY to the proxy',
  },
  {
    name: 'nothing listens on the loopback of this container',
    codes: ['ECONNREFUSED'],
    // archestra-ai/archestra#6015, Mintplex-Labs/anything-llm#633
    when: ({ inContainer, server }) => inContainer && /^(localhost|127\.|0\.0\.0\.0|\[::1?\])/.test(server.hostname),
    what: ({ root }) => `no server answers at ${root}`,
    fix: ({ server }) =>
      `${START}. Inside this container, ${server.hostname} is the container: for a server on its host, set THINKMETER_BASE_URL to http://host.docker.internal:${portOf(server)}/v1`,
    again: true,
  },
  {
    name: 'nothing listens',
    codes: ['ECONNREFUSED'],
    what: ({ root }) => `no server answers at ${root}`,
    fix: () => START,
    again: true,
  },
  {
    name: 'the connection timed out',
    codes: ['UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT'],
    what: ({ root }) => `the connection to ${root} was neither accepted nor refused within 10 seconds`,
    fix: () => 'check that the machine is on, and that no firewall, security group or missing VPN blocks the port',
  },
  {
    name: 'no route',
    codes: ['EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN', 'EADDRNOTAVAIL', 'EINVAL', 'EACCES', 'EPERM'],
    what: ({ server, codes }) =>
      `this machine has no route to ${server.host} (${codes.find((code) => /^E[A-Z]+$/.test(code))})`,
    // macOS blocks programs of an app without this permission, and curl works: nodejs/undici#4069, anomalyco/opencode#38854
    fix: ({ server }) =>
      `check the address, the network and the VPN${isPrivate(server) ? '; on macOS, allow the MCP client under System Settings, Privacy & Security, Local Network' : ''}`,
  },
  {
    name: 'not HTTP/1.1',
    // undici's HTTPParserError
    text: /does not match the HTTP\/1\.1 protocol|Expected HTTP\//,
    what: ({ root }) => `the program at ${root} answers, but not with HTTP/1.1`,
    fix: (failed) =>
      `check the port: it may belong to gRPC or another protocol${failed.server.protocol === 'http:' ? `, or use TLS (then set THINKMETER_BASE_URL to ${withScheme(failed, 'https')})` : ''}`,
  },
  {
    name: 'the connection was closed',
    codes: ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'ECONNABORTED'],
    what: ({ root }) => `the program at ${root} closed the connection without an answer`,
    fix: (failed) =>
      failed.server.protocol === 'http:'
        ? `check the server's log; if the server uses TLS, set THINKMETER_BASE_URL to ${withScheme(failed, 'https')}`
        : "check the server's log; if the server does not use TLS, set THINKMETER_BASE_URL to an address with http://",
    again: true,
  },
  {
    name: 'another cause',
    when: () => true,
    what: ({ root, text }) => `the request to ${root} failed: ${text}`,
    fix: () => 'check the address, the network, and any proxy between here and the server',
  },
];

export function causeOf(failed: Unanswered): Cause {
  const fits = ({ codes, text, when }: Cause): boolean =>
    (codes === undefined || codes.some((code) => failed.codes.includes(code))) &&
    (text === undefined || text.test(failed.text)) &&
    (when === undefined || when(failed));
  return CAUSES.find(fits) ?? (CAUSES.at(-1) as Cause);
}
