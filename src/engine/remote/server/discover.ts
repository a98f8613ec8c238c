/** Polls the default ports on this machine for a server. No key is sent, because any program may listen there. */
import { limit } from '../../../wait.ts';
import { createFetch } from '../http/agent.ts';
import { modelList } from '../http/wire.ts';
import { DIALECTS } from './dialects.ts';
import { isForChat, NEMOTRON } from './for-chat.ts';

type Port = { readonly port: number; readonly of: string };

/** Decides if several servers or none of them serve a Nemotron: vLLM comes first. */
const PREFERRED = ['vllm', 'sglang', 'llama.cpp', 'lm-studio', 'ollama'];

const PORTS: readonly Port[] = DIALECTS.flatMap(({ name, port }) =>
  port === undefined ? [] : [{ port, of: name }],
).toSorted((a, b) => rank(a) - rank(b));

function rank({ of }: Port): number {
  const index = PREFERRED.indexOf(of);
  return index === -1 ? PREFERRED.length : index;
}

/** A port without a program refuses at once. A busy server takes longer. */
const POLL_MS = 1000;

/** Without a proxy: all addresses are on this machine. Node's own `fetch` uses a proxy if NODE_USE_ENV_PROXY is set. */
const fetch = createFetch({});

/** `model`: one that the server lists; the connection's model is chosen later, from more than the list. */
export type Discovered = { readonly baseUrl: string; readonly model: string; readonly usually: string };

/** `usual` replaces the default ports. */
export async function discover(usual: readonly Port[] = PORTS): Promise<Discovered | undefined> {
  const results = await Promise.all(usual.map((place) => pollPort(place)));
  const found = results.filter((it) => it !== undefined);
  return found.find(({ model }) => NEMOTRON.test(model)) ?? found[0];
}

export function usualPorts(): string {
  return PORTS.map(({ port }) => port).join(', ');
}

/** Whether any program accepts a connection at this address. */
export async function isListening(root: string): Promise<boolean> {
  const { signal, release } = limit(undefined, POLL_MS);
  try {
    await fetch(`${root}/v1/models`, { signal, redirect: 'manual' });
    return true;
  } catch (error) {
    // a slow server and one that closes the connection are listening too
    return !isUnreachable(error);
  } finally {
    release();
  }
}

/** No program accepted the connection. If the host name has several addresses, all of them failed. */
function isUnreachable(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  const causes: readonly unknown[] = cause instanceof AggregateError ? cause.errors : [cause];
  return causes.every((it) => it instanceof Error && 'code' in it && UNREACHABLE.has(String(it.code)));
}

const UNREACHABLE = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL']);

async function pollPort({ port, of }: { readonly port: number; readonly of: string }): Promise<Discovered | undefined> {
  const baseUrl = `http://127.0.0.1:${port}`;
  const { signal, release } = limit(undefined, POLL_MS);
  try {
    const response = await fetch(`${baseUrl}/v1/models`, { signal, redirect: 'error' });
    const { data } = modelList.parse(await response.json());
    const models = data.filter(isForChat);
    const model = models.find(({ id }) => NEMOTRON.test(id)) ?? models[0];
    return model && { baseUrl, model: model.id, usually: of };
  } catch {
    return undefined;
  } finally {
    release();
  }
}
