/** A server at the other end of a connection, and what sessions of both kinds report of it. */
import type { EngineStatus, Facts, Load, Session } from '../../engine.ts';
import type { RemoteClient } from '../http/client.ts';
import type { Count } from '../http/counted.ts';
import type { Dialect } from './dialects.ts';
import type { Found } from './signs.ts';

export type Place = {
  readonly client: RemoteClient;
  readonly root: string;
  /** how its address came */
  readonly chosen: EngineStatus['chosen'];
  /** counts with a tokenizer of ours; absent: there is none */
  readonly count?: Count;
  readonly facts: Facts;
  readonly dialect: Dialect;
  readonly found: Found;
  readonly prompts: EngineStatus['prompts'];
};

/** A page that takes longer is not live. */
const LOAD_MS = 2500;

type Reports = Required<Pick<Session, 'status' | 'load'>>;

export function reports({ client, root, chosen, facts, dialect, found, prompts }: Place): Reports {
  return {
    async status({ signal }): Promise<EngineStatus> {
      const { loads, limitations, program } = dialect;
      const answer = loads && (await client.poll(loads.path, signal, LOAD_MS));
      const loaded = answer?.kind === 'answered' ? loads?.read(answer.text) : undefined;
      const isLoaded = loaded?.some(({ model }) => model === facts.model);
      const version = dialect.version?.(found);
      return {
        address: root,
        chosen,
        kind: dialect.name,
        ...(version !== undefined && { version }),
        ...(found.serverHeader !== undefined && { answeredBy: found.serverHeader }),
        ...(isLoaded === false && loads && { toLoad: loads.toLoad }),
        silent: found.silent,
        prompts,
        ...(facts.prefixCaching !== undefined && { prefixCaching: facts.prefixCaching }),
        limitations: limitations.map(({ of, source }) => `${of} (${source})`),
        ...(program !== undefined && { program }),
      };
    },

    async load({ signal }): Promise<Load | undefined> {
      const { metrics } = dialect;
      // it was silent a moment ago
      if (metrics === undefined || found.silent.includes(metrics.path)) return undefined;
      const answer = await client.poll(metrics.path, signal, LOAD_MS);
      if (answer.kind !== 'answered') return undefined;
      const { toLoad } = await import('./metrics.ts');
      return toLoad(answer.text, metrics);
    },
  };
}
