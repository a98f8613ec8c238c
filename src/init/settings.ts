/** The settings that a block contains: what the operator gave, what is in the file, and what the server reports. */
import type { FoundServer } from '../engine/found-server.ts';
import { ConfigError } from '../errors.ts';

/** By the names of their variables. */
export type Variables = Readonly<Record<string, string>>;

/** The engine that needs no server. */
export const DEMO: Variables = { THINKMETER_ENGINE: 'demo' };

/** An engine in this process, which needs no address. */
export function hasOwnEngine({ THINKMETER_ENGINE: engine = 'vllm' }: Variables): boolean {
  return engine !== 'vllm';
}

/** The address that the operator gave, else the one in the file. */
export function addressOf(given: Variables, old: Variables): string | undefined {
  return given['THINKMETER_BASE_URL'] ?? (hasOwnEngine(old) ? undefined : old['THINKMETER_BASE_URL']);
}

/** Of several models, the one that is offered first; undefined: none, so that each start chooses. */
export function preferredModel({ models }: FoundServer, old: Variables): string | undefined {
  return models.find((id) => id === old['THINKMETER_MODEL']) ?? models.find((id) => /nemotron/i.test(id));
}

/** A model is named only if a person chose it: otherwise each start chooses, and a server with another model works too. */
export function withServer(given: Variables, { baseUrl }: FoundServer, model: string): Variables {
  return { THINKMETER_BASE_URL: baseUrl, ...(model !== '' && { THINKMETER_MODEL: model }), ...given };
}

export function noServerError(ports: string): ConfigError {
  return new ConfigError(`no model server answers on the ports ${ports} of this machine`, {
    hint: 'start the server, or run the command again with --base-url URL, or with --engine demo for the demo model',
  });
}
