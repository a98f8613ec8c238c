/** Keeps keys and passwords out of messages, also when a server repeats them. */
import type { Credentials } from './headers.ts';

const HIDDEN = '***';
/** A shorter secret occurs inside ordinary words, so only whole words are hidden. */
const LEAST_PART = 4;

/** Everything that no message may show, longest first: the key, the values of headers, and what is inside of them. */
export function secretsOf({ apiKey, headers = {} }: Credentials, proxyPasswords: readonly string[] = []): string[] {
  const values = [...(apiKey === undefined ? [] : [apiKey]), ...Object.values(headers), ...proxyPasswords];
  const all = values.flatMap((value) => {
    const [, scheme = '', credential = ''] = /^(\w+)\s+(\S+)$/.exec(value) ?? [];
    if (credential === '') return [value];
    return [value, credential, ...(/^basic$/i.test(scheme) ? decoded(credential) : [])];
  });
  const forms = all.flatMap((value) => [value, encodeURIComponent(value), JSON.stringify(value).slice(1, -1)]);
  return [...new Set(forms)].filter((value) => value !== '').toSorted((a, b) => b.length - a.length);
}

/** `USER:PASSWORD` in Base64: the pair, and the password alone. */
function decoded(credential: string): string[] {
  try {
    const pair = atob(credential);
    return [pair, pair.slice(pair.indexOf(':') + 1)];
  } catch {
    return [];
  }
}

export function hideSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((shown, secret) => {
    if (secret.length >= LEAST_PART) return shown.replaceAll(secret, HIDDEN);
    const whole = new RegExp(`(?<!\\w)${secret.replaceAll(/[^\w]/g, String.raw`\$&`)}(?!\\w)`, 'g');
    return shown.replaceAll(whole, HIDDEN);
  }, text);
}
