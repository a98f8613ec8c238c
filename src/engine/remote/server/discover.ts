/** Looks for a server on this machine's usual ports. No key goes there: whoever answers may be anyone. */
import { modelList } from '../http/wire.ts';

/** In the order of preference, where several serve a Nemotron or none does. */
const PORTS = [
  { port: 8000, of: 'vLLM or NIM' },
  { port: 30_000, of: 'SGLang' },
  { port: 8080, of: 'llama.cpp' },
  { port: 1234, of: 'LM Studio' },
  { port: 11_434, of: 'Ollama' },
] as const;

const LOOK_MS = 300;

const NEMOTRON = /nemotron|thinkmeter-demo/i;

export type Discovered = { readonly baseUrl: string; readonly model: string; readonly usually: string };

/** Where `usual` is given, those ports instead. */
export async function discover(
  usual: readonly { port: number; of: string }[] = PORTS,
): Promise<Discovered | undefined> {
  const looks = await Promise.all(usual.map((place) => lookAt(place)));
  const found = looks.filter((it) => it !== undefined);
  return found.find(({ model }) => NEMOTRON.test(model)) ?? found[0];
}

export function usualPorts(): string {
  return PORTS.map(({ port }) => port).join(', ');
}

/** Whether anybody takes a connection at an address. */
export async function answers(root: string): Promise<boolean> {
  try {
    await fetch(`${root}/v1/models`, { signal: AbortSignal.timeout(LOOK_MS), redirect: 'manual' });
    return true;
  } catch (error) {
    // slow is not absent, and neither is somebody who hangs up
    return !isDeserted(error);
  }
}

/** Nobody took the connection. Where a name has several addresses, at none of them. */
function isDeserted(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  const causes: readonly unknown[] = cause instanceof AggregateError ? cause.errors : [cause];
  return causes.every((it) => it instanceof Error && 'code' in it && NOBODY.has(String(it.code)));
}

const NOBODY = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL']);

async function lookAt({ port, of }: { readonly port: number; readonly of: string }): Promise<Discovered | undefined> {
  const baseUrl = `http://127.0.0.1:${port}`;
  try {
    const response = await fetch(`${baseUrl}/v1/models`, { signal: AbortSignal.timeout(LOOK_MS), redirect: 'error' });
    const { data } = modelList.parse(await response.json());
    const model = data.find(({ id }) => NEMOTRON.test(id)) ?? data[0];
    return model && { baseUrl, model: model.id, usually: of };
  } catch {
    return undefined;
  }
}
