/** Nemotron behind an address: vLLM or a relative, over token ids if it has them. */
import type { Clock } from '../../clock.ts';
import { EngineUnreachableError } from '../../errors.ts';
import type { Sampling } from '../../prompt/family.ts';
import type { Engine } from '../engine.ts';
import { createConnector, type ConnectionOptions } from './connection.ts';
import { Known } from './known.ts';
import type { Place } from './server/place.ts';
import type { TokenIds } from './token-ids/seen.ts';

export type RemoteOptions = ConnectionOptions & {
  /** default: the first that the server lists */
  readonly model?: string;
  /** replaces the family's */
  readonly sampling?: Sampling;
  /** default: recognised */
  readonly dialect?: string;
  /** for how long facts are believed */
  readonly clock?: Clock;
};

/** What is known of the server, and the way to prompt it over token ids, if there is one. */
type KnownServer = { readonly place: Place; readonly tokenIds: TokenIds | undefined; readonly isPartial: boolean };

export function createRemoteEngine(options: RemoteOptions): Engine {
  const { baseUrl, sampling, dialect, clock } = options;
  const connector = createConnector({ ...options, onRefused: () => known.doubt() });
  /** `/v1/completions` was not there: a gateway may hide it for a moment, so it is avoided once and tried after that */
  let tokenIdsTrust: 'trusted' | 'tried' | 'avoided' = 'trusted';

  const describe = async (): Promise<KnownServer> => {
    const [{ describeServer }, connection] = await Promise.all([import('./describe.ts'), connector.connect()]);
    const { client, address, discovered, local } = connection;
    const model = options.model ?? discovered?.model;
    const wanted = { root: address.root, model, sampling, local, dialect, tokenIdsTrust };
    try {
      const { tokenIds, isPartial, ...described } = await describeServer(client, wanted, connector.signal);
      if (wanted.tokenIdsTrust === 'avoided') tokenIdsTrust = 'tried';
      else if (tokenIds !== undefined && tokenIdsTrust === 'tried') tokenIdsTrust = 'trusted';
      const chosen = baseUrl === undefined ? 'default' : 'set';
      const place: Place = {
        ...described,
        client,
        root: address.root,
        chosen: discovered === undefined ? chosen : 'found',
        prompts: tokenIds === undefined ? 'messages' : 'ids',
        ...(local !== undefined && { count: (text: string) => local.count(text) }),
      };
      return { place, tokenIds, isPartial };
    } catch (error) {
      connector.forget();
      if (baseUrl !== undefined || !(error instanceof EngineUnreachableError)) throw error;
      const { usualPorts } = await import('./server/discover.ts');
      const { hint = '' } = error;
      const message = `${error.message}, nor on the ports ${usualPorts()} of this machine`;
      throw new EngineUnreachableError(message, { hint, cause: error });
    }
  };

  const known = new Known(describe, clock);

  return {
    async open(call) {
      const { place, tokenIds } = await known.get(call);
      if (tokenIds === undefined) {
        const { chatSession } = await import('./chat/session.ts');
        return chatSession(place);
      }
      const { tokenIdsSession } = await import('./token-ids/session.ts');
      return tokenIdsSession(place, tokenIds, (reason) => {
        known.doubt();
        if (reason === 'completions') tokenIdsTrust = 'avoided';
      });
    },

    close: () => connector.close(),
  };
}
