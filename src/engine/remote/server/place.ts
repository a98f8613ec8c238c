/** A described server with its client, and the reports that sessions of both modes share. */
import type { EngineStatus, Facts, Load, Session } from '../../engine.ts';
import type { RemoteClient } from '../http/client.ts';
import type { Count } from '../http/counted.ts';
import type { Dialect } from './dialect.ts';
import type { Found } from './signs.ts';

export type Place = {
  readonly client: RemoteClient;
  readonly root: string;
  /** how the address was chosen */
  readonly chosen: EngineStatus['chosen'];
  /** counts tokens with our own tokenizer; absent: no local tokenizer */
  readonly count?: Count;
  readonly facts: Facts;
  readonly dialect: Dialect;
  readonly found: Found;
  /** for every result */
  readonly warnings: readonly string[];
  /** the server loads the model with its first request */
  readonly isUnloaded: boolean;
  readonly prompts: EngineStatus['prompts'];
  /** called with a window that the server named in a refusal */
  readonly onWindow: (window: number) => void;
  /** called after an answer */
  readonly onAnswer: () => void;
};

/** Slower figures would no longer be live. */
const LOAD_MS = 2500;

type Reports = Required<Pick<Session, 'status' | 'load' | 'learnWindow'>>;

const LOADS_ITSELF = 'no action is needed: the server loads the model for the first call, which waits for it';

export function reports({
  client,
  root,
  chosen,
  facts,
  dialect,
  found,
  isUnloaded,
  prompts,
  onWindow,
}: Place): Reports {
  return {
    learnWindow: onWindow,

    async status({ signal }): Promise<EngineStatus> {
      const { limitations, program } = dialect;
      const loads = client.isRateLimited ? undefined : dialect.loads;
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
        ...(isUnloaded && { toLoad: LOADS_ITSELF }),
        silent: found.silent,
        prompts,
        ...(facts.prefixCaching !== undefined && { prefixCaching: facts.prefixCaching }),
        limitations: limitations.map(({ of, source }) => `${of} (${source})`),
        ...(program !== undefined && { program }),
      };
    },

    async load({ signal }): Promise<Load | undefined> {
      const { metrics } = dialect;
      // the last probe got no response from this page, so a poll would only wait for its limit
      if (metrics === undefined || client.isRateLimited || found.silent.includes(metrics.path)) return undefined;
      const query = dialect.pollQuery?.(facts.model) ?? '';
      const answer = await client.poll(metrics.path + query, signal, LOAD_MS);
      if (answer.kind !== 'answered') return undefined;
      const { toLoad } = await import('./metrics.ts');
      return toLoad(answer.text, metrics);
    },
  };
}
