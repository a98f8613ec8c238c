/** The engine for a model on a server, in token mode if the server accepts token ids, else in chat mode. */
import type { Clock } from '../../clock.ts';
import { EngineUnreachableError } from '../../errors.ts';
import type { Sampling } from '../../prompt/family.ts';
import type { Engine } from '../engine.ts';
import { createConnector, type ConnectionOptions } from './connection.ts';
import { Known } from './known.ts';
import type { Place } from './server/place.ts';
import { refuseIfAsleep, SLEEP_PATH } from './server/sleep.ts';
import type { TokenIds } from './token-ids/seen.ts';

export type RemoteOptions = ConnectionOptions & {
  /** default: the first model that the server lists */
  readonly model?: string;
  /** replaces the family's sampling */
  readonly sampling?: Sampling;
  /** default: recognised from the server's responses */
  readonly dialect?: string;
  /** decides when facts expire */
  readonly clock?: Clock;
};

/** The facts about the server. `tokenIds` is undefined in chat mode. */
type KnownServer = { readonly place: Place; readonly tokenIds: TokenIds | undefined; readonly isPartial: boolean };

export function createRemoteEngine(options: RemoteOptions): Engine {
  const { baseUrl, sampling, dialect, clock } = options;
  const connector = createConnector({ ...options, onRefused: () => known.doubt() });
  /** A gateway may hide `/v1/completions` for a moment: the next description avoids it, the one after that tries it. */
  let tokenIdsTrust: 'trusted' | 'tried' | 'avoided' = 'trusted';

  const describe = async (): Promise<KnownServer> => {
    const [{ describeServer }, connection] = await Promise.all([import('./describe.ts'), connector.connect()]);
    const { client, address, discovered, local } = connection;
    const model = options.model ?? discovered?.model;
    const wanted = { root: address.root, model, sampling, local, dialect, tokenIdsTrust };
    try {
      const { tokenIds, isPartial, ...described } = await describeServer(client, wanted, connector.signal);
      // a session may have lost its endpoint meanwhile
      if (tokenIdsTrust === wanted.tokenIdsTrust) {
        if (tokenIdsTrust === 'avoided') tokenIdsTrust = 'tried';
        else if (tokenIds !== undefined) tokenIdsTrust = 'trusted';
      }
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
      const { place: shared, tokenIds } = await known.get(call);
      if (shared.found.answers.has(SLEEP_PATH)) await refuseIfAsleep(shared, call.signal);
      const place = call.runId === undefined ? shared : { ...shared, client: shared.client.forRun(call.runId) };
      if (tokenIds === undefined) {
        const { chatSession } = await import('./chat/session.ts');
        return chatSession(place);
      }
      const { tokenIdsSession } = await import('./token-ids/session.ts');
      return tokenIdsSession(place, tokenIds, (reason) => {
        known.refute();
        if (reason === 'completions') tokenIdsTrust = 'avoided';
      });
    },

    close: () => connector.close(),
  };
}
