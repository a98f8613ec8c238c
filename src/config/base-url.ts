/**
 * The address of the server as people write it: without a scheme, or as the server's own log prints it. What else an address
 * may contain is the business of `engine/remote/http/address.ts`.
 */
import * as z from 'zod';

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
  url.hostname = LISTENING[url.hostname] ?? url.hostname;
  return url.href.replace(/\/+$/, '');
});

function parse(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined;
}
