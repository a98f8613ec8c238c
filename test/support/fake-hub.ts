/**
 * The model hub on 127.0.0.1, as far as its clients ask: what a repository is, what is in it, and its files. Routes and
 * headers: @huggingface/hub 2.17 and @huggingface/transformers 4.3.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { listening, type Listening } from './listening.ts';
import { ROOT } from './program.ts';

export type FakeHub = Listening & {
  /** method and path, in the order in which they came */
  readonly requests: readonly string[];
};

const COMMIT = '0123456789abcdef0123456789abcdef01234567';

/** `folders`: the files of each repository, by its id. */
export async function startFakeHub(folders: Readonly<Record<string, string>>): Promise<FakeHub> {
  const requests: string[] = [];
  const server = await listening((request, response) => {
    requests.push(`${request.method} ${request.url?.split('?')[0]}`);
    void answer(request, response, folders);
  });
  return { ...server, requests };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  folders: Readonly<Record<string, string>>,
): Promise<void> {
  const path = decodeURIComponent(request.url?.split('?')[0] ?? '');
  const [, isApi, id = '', rest = ''] = /^\/(api\/models\/)?([^/]+\/[^/]+)\/(.*)$/.exec(path) ?? [];
  const folder = folders[id];
  if (folder === undefined) return send(response, 401, { error: 'Repository not found' }, 'RepoNotFound');
  if (isApi === undefined)
    return sendFile(request, response, join(ROOT, folder, rest.replace(/^resolve\/[^/]+\//, '')));
  if (rest.startsWith('revision/')) return send(response, 200, { _id: '1', id, sha: COMMIT });
  let body = '';
  for await (const part of request) body += String(part);
  const { paths } = JSON.parse(body) as { readonly paths: readonly string[] };
  const there = paths.filter((name) => existsSync(join(ROOT, folder, name)));
  return send(
    response,
    200,
    there.map((name) => {
      const file = join(ROOT, folder, name);
      return { type: 'file', path: name, oid: etag(file), size: statSync(file).size, lastCommit: { id: COMMIT } };
    }),
  );
}

/** The first byte of a file tells its length and its tag. */
function sendFile({ headers }: IncomingMessage, response: ServerResponse, file: string): void {
  if (!existsSync(file) || !statSync(file).isFile()) {
    return send(response, 404, { error: 'Entry not found' }, 'EntryNotFound');
  }
  const bytes = readFileSync(file);
  const tag = { etag: `"${etag(file)}"`, 'x-repo-commit': COMMIT };
  if (headers.range === 'bytes=0-0') {
    response.writeHead(206, { ...tag, 'content-range': `bytes 0-0/${bytes.length}` }).end(bytes.subarray(0, 1));
  } else {
    response.writeHead(200, { ...tag, 'content-length': bytes.length }).end(bytes);
  }
}

function etag(file: string): string {
  return createHash('sha1').update(readFileSync(file)).digest('hex');
}

function send(response: ServerResponse, status: number, body: unknown, code?: string): void {
  const headers = { 'content-type': 'application/json', ...(code !== undefined && { 'x-error-code': code }) };
  response.writeHead(status, headers).end(JSON.stringify(body));
}
