/** The address of the server as people copy it: from a curl command, from the server's own log, or without a scheme. */
import * as z from 'zod';

/** An address is often copied with one of its endpoints (lidge-jun/opencodex#1582, harry0703/MoneyPrinterTurbo#57). */
const ENDPOINT =
  /\/chat\/completions$|(?<=\/v1)\/(?:completions|responses|messages|models|embeddings)$|^\/(?:docs|health|metrics|api\/(?:chat|generate|tags))$/;

/** `localhost:8000` (crewAIInc/crewAI#7205) is a URL with the scheme `localhost:` for the URL parser. */
const HOST_AND_PORT = /^(?:[\w.-]+|\[[\da-f:]+\]):(\d{1,5})(?:\/.*)?$/i;

/** Addresses that a server listens on and prints. No client on Windows can connect to them (ollama/ollama-python#471). */
const LISTENING: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '[::]': '[::1]' };

export const baseUrl = z.string().transform((text, context): string => {
  const port = HOST_AND_PORT.exec(text)?.[1];
  const url = parse(port === undefined ? text : `${port === '443' ? 'https' : 'http'}://${text}`);
  if (url === undefined) {
    context.addIssue('must be the http:// or https:// address of a server, such as http://localhost:8000/v1');
    return z.NEVER;
  }
  if (url.username !== '' || url.password !== '') {
    context.addIssue(
      'contains a user name or a password, which thinkmeter does not send; a key goes into THINKMETER_API_KEY',
    );
    return z.NEVER;
  }
  const host = (LISTENING[url.hostname] ?? url.hostname) + (url.port === '' ? '' : `:${url.port}`);
  return `${url.protocol}//${host}${url.pathname.replace(/\/+$/, '').replace(ENDPOINT, '')}`;
});

function parse(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined;
}
