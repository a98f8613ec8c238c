/** A server that redirects every request to another one, which records the headers it gets. Both end with the test. */
import type { IncomingHttpHeaders } from 'node:http';
import { onTestFinished } from 'vitest';
import { listening } from './listening.ts';

export async function startRedirecting(status: 307 | 308): Promise<{
  readonly url: string;
  /** the server that the requests are sent on to */
  readonly other: string;
  readonly seen: readonly IncomingHttpHeaders[];
}> {
  const seen: IncomingHttpHeaders[] = [];
  const other = await listening((request, response) => {
    seen.push(request.headers);
    response.writeHead(404).end();
  });
  onTestFinished(() => other.close());
  const first = await listening((request, response) => {
    response.writeHead(status, { location: `${other.url}${request.url}` }).end();
  });
  onTestFinished(() => first.close());
  return { url: first.url, other: other.url, seen };
}
