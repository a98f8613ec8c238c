/** Nemotron behind an address: vLLM or a relative, over token ids if it has them. */
import type { Clock } from '../../clock.ts';
import { EngineUnreachableError } from '../../errors.ts';
import type { Sampling } from '../../prompt/family.ts';
import type { Engine } from '../engine.ts';
import { createConnector, type ConnectionOptions } from './connection.ts';
import { Known } from './known.ts';
import type { Place } from './server/place.ts';

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

export function createRemoteEngine(options: RemoteOptions): Engine {
  const { baseUrl, sampling, dialect, clock } = options;
  const connector = createConnector({ ...options, onRefused: () => known.doubt() });
  /** `/v1/completions` was not there: a gateway may hide it for a moment, so it is avoided once and tried after that */
  let tokenIds: 'trusted' | 'tried' | 'avoided' = 'trusted';

  const ask = async (): Promise<Place> => {
    const [{ describeServer }, connection] = await Promise.all([import('./describe.ts'), connector.connect()]);
    const { client, address, discovered, local } = connection;
    const model = options.model ?? discovered?.model;
    const wanted = { root: address.root, model, sampling, local, dialect, tokenIds };
    try {
      const described = await describeServer(client, wanted, connector.signal);
      if (wanted.tokenIds === 'avoided') tokenIds = 'tried';
      else if (described.tokenIds !== undefined && tokenIds === 'tried') tokenIds = 'trusted';
      const chosen = baseUrl === undefined ? 'default' : 'set';
      return {
        ...connection,
        described,
        isPartial: described.isPartial,
        chosen: discovered === undefined ? chosen : 'found',
      };
    } catch (error) {
      connector.forget();
      if (baseUrl !== undefined || !(error instanceof EngineUnreachableError)) throw error;
      const { usualPorts } = await import('./server/discover.ts');
      const { hint = '' } = error;
      const message = `${error.message}, nor on the ports ${usualPorts()} of this machine`;
      throw new EngineUnreachableError(message, { hint, cause: error });
    }
  };

  const known = new Known(ask, clock);

  return {
    async open(call) {
      const place = await known.get(call);
      const onDoubt = (reason: 'model' | 'completions'): void => {
        known.doubt();
        if (reason === 'completions') tokenIds = 'avoided';
      };
      if (place.described.tokenIds === undefined) {
        const { chatSession } = await import('./chat/session.ts');
        return chatSession(place);
      }
      const { tokenIdsSession } = await import('./token-ids/session.ts');
      return tokenIdsSession(place, place.described.tokenIds, onDoubt);
    },

    close: () => connector.close(),
  };
}
