/** A server at the other end of a connection, and what sessions of both kinds report of it. */
import type { EngineStatus, Load, Session } from '../../engine.ts';
import type { Connection } from '../connection.ts';
import type { Description } from '../describe.ts';

export type Place = Connection & {
  readonly described: Description;
  readonly isPartial: boolean;
  /** how its address came */
  readonly chosen: EngineStatus['chosen'];
};

/** A page that takes longer is not live. */
const LOAD_MS = 2500;

export function reports({ client, address, described, chosen }: Place): Required<Pick<Session, 'status' | 'load'>> {
  const { dialect, found, facts } = described;
  return {
    async status({ signal }): Promise<EngineStatus> {
      const { loads, limitations, program } = dialect;
      const answer = loads && (await client.look(loads.path, signal, LOAD_MS));
      const loaded = answer?.kind === 'answered' ? loads?.read(answer.text) : undefined;
      const isLoaded = loaded?.some(({ model }) => model === facts.model);
      const version = dialect.version?.(found);
      return {
        address: address.root,
        chosen,
        kind: dialect.name,
        ...(version !== undefined && { version }),
        ...(found.serverHeader !== undefined && { answeredBy: found.serverHeader }),
        ...(isLoaded === false && loads && { toLoad: loads.toLoad }),
        silent: found.silent,
        prompts: described.tokenIds === undefined ? 'messages' : 'ids',
        ...(facts.prefixCaching !== undefined && { prefixCaching: facts.prefixCaching }),
        limitations: limitations.map(({ of, source }) => `${of} (${source})`),
        ...(program !== undefined && { program }),
      };
    },

    async load({ signal }): Promise<Load | undefined> {
      const { metrics } = dialect;
      // it was silent a moment ago
      if (metrics === undefined || found.silent.includes(metrics.path)) return undefined;
      const answer = await client.look(metrics.path, signal, LOAD_MS);
      if (answer.kind !== 'answered') return undefined;
      const { toLoad } = await import('./metrics.ts');
      return toLoad(answer.text, metrics);
    },
  };
}
