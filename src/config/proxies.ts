/** The variables that set a proxy, which other programs such as curl read too. */

/** `all`: for both protocols, if the variable of the protocol is not set. `none`: hosts that are reached without a proxy. */
const NAMES = { http: 'HTTP_PROXY', https: 'HTTPS_PROXY', all: 'ALL_PROXY', none: 'NO_PROXY' } as const;

/** As set; absent: not set, or blank. */
export type ProxyVariables = {
  readonly [Name in keyof typeof NAMES]?: { readonly variable: string; readonly value: string };
};

/**
 * Lower case takes precedence, as in curl. curl ignores `HTTP_PROXY` in upper case because a CGI program can receive it from
 * a request (httpoxy.org); thinkmeter is no CGI program, so both spellings count, as in Node and Python.
 */
export function readProxies(env: Readonly<Record<string, string | undefined>>): ProxyVariables {
  const found = Object.entries(NAMES).flatMap(([name, upper]) => {
    const variable = [upper.toLowerCase(), upper].find((spelling) => (env[spelling] ?? '').trim() !== '');
    return variable === undefined ? [] : [[name, { variable, value: (env[variable] ?? '').trim() }]];
  });
  return Object.fromEntries(found) as ProxyVariables;
}
