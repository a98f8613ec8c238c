/** Which proxy a request uses, by the variables that curl reads. */
import { ConfigError } from '../../../errors.ts';
import { isLoopback } from './address.ts';

type Variable = { readonly variable: string; readonly value: string };

/** The variables as they were set, in `src/config/proxies.ts`; absent: not set. */
export type Proxies = {
  readonly http?: Variable;
  readonly https?: Variable;
  /** for both, if the variable of the protocol is not set */
  readonly all?: Variable;
  /** `NO_PROXY` */
  readonly none?: Variable;
};

export type Proxy = {
  /** the variable that set the proxy, for messages */
  readonly variable: string;
  /** without a user name and a password */
  readonly address: string;
  /** the value of `Proxy-Authorization` */
  readonly authorization?: string;
  readonly password?: string;
};

/**
 * Undefined: the request is sent without a proxy, as every request to this machine is.
 * @throws {ConfigError} when the variable that applies is not the address of an http or https proxy
 */
export function proxyFor({ protocol, hostname, port }: URL, proxies: Proxies): Proxy | undefined {
  const given = (protocol === 'https:' ? proxies.https : proxies.http) ?? proxies.all;
  if (given === undefined || isLoopback(hostname)) return undefined;
  const ownPort = port === '' ? (protocol === 'https:' ? '443' : '80') : port;
  if (isExcluded(hostname, ownPort, proxies.none?.value ?? '')) return undefined;
  return toProxy(given);
}

function toProxy({ variable, value }: Variable): Proxy {
  // curl takes an address without a scheme for an http proxy
  const text = value.includes('://') ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    // the value may contain a password, so the value is not shown
    const what = url === undefined ? 'not the address of a proxy' : `the address of a ${url.protocol}// proxy`;
    throw new ConfigError(`${variable} is ${what}, which thinkmeter cannot use`, {
      hint: `set ${variable} to http://HOST:PORT, or add the server's host name to NO_PROXY`,
    });
  }
  const [user, password] = [decoded(url.username), decoded(url.password)];
  return {
    variable,
    address: url.origin,
    ...(user !== '' && { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` }),
    ...(password !== '' && { password }),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // a `%` that was not encoded
    return text;
  }
}

/**
 * `NO_PROXY` as curl reads it (https://curl.se/docs/manpage.html, NO_PROXY): names with all their subdomains, addresses,
 * IPv4 networks as `10.0.0.0/8`, and `*` for every host. Additionally a port, as in `gpu:8000`.
 */
function isExcluded(hostname: string, port: string, list: string): boolean {
  const host = hostname.replace(/^\[|\]$|\.$/g, '').toLowerCase();
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      if (entry === '*') return true;
      if (/^[\d.]+\/\d+$/.test(entry)) return isInNetwork(host, entry);
      const [, written = '', ownPort = port] = /^(\[[^\]]*\]|[^:]*|[^:]*:.*:.*?)(?::(\d+))?$/.exec(entry) ?? [];
      const name = written.replace(/^\[|\]$|\.$/g, '').replace(/^\*?\./, '');
      return name !== '' && ownPort === port && (host === name || host.endsWith(`.${name}`));
    });
}

function isInNetwork(host: string, network: string): boolean {
  const [first = '', bits = ''] = network.split('/');
  const [address, start] = [toNumber(host), toNumber(first)];
  if (address === undefined || start === undefined || Number(bits) > 32) return false;
  const size = 2 ** (32 - Number(bits));
  return Math.floor(address / size) === Math.floor(start / size);
}

function toNumber(address: string): number | undefined {
  const parts = /^\d+\.\d+\.\d+\.\d+$/.test(address) ? address.split('.').map(Number) : [];
  return parts.length === 4 && parts.every((part) => part <= 255)
    ? parts.reduce((sum, part) => sum * 256 + part, 0)
    : undefined;
}
