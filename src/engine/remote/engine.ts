/** The engine for a model on a server, in token mode if the server accepts token ids, else in chat mode. */
import type { Clock } from '../../clock.ts';
import { EngineUnreachableError } from '../../errors.ts';
import type { Sampling } from '../../prompt/family.ts';
import type { Engine, EngineStatus, OpenOptions } from '../engine.ts';
import { createConnector, type ConnectionOptions } from './connection.ts';
import type { Description } from './describe.ts';
import { Known } from './known.ts';
import type { Place } from './server/place.ts';
import { refuseIfAsleep, SLEEP_PATH } from './server/sleep.ts';
import type { TokenIds } from './token-ids/seen.ts';

export type RemoteOptions = ConnectionOptions & {
  /** default: a model that the server lists, see `chooseModel` */
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

/** A model that is not loaded yet is expected to be used as its kind of server is. */
function promptsOf(
  tokenIds: TokenIds | undefined,
  { dialect, isUnloaded }: Pick<Description, 'dialect' | 'isUnloaded'>,
): EngineStatus['prompts'] {
  return tokenIds !== undefined || (isUnloaded && dialect.completions !== undefined) ? 'ids' : 'messages';
}

export function createRemoteEngine(options: RemoteOptions): Engine {
  const { baseUrl, sampling, dialect, clock } = options;
  const connector = createConnector({ ...options, onRefused: () => known.doubt() });
  /** A gateway may hide `/v1/completions` for a moment: the next description avoids it, the one after that tries it. */
  let tokenIdsTrust: 'trusted' | 'tried' | 'avoided' = 'trusted';

  /** Windows that servers named in refusals, by `facts.server`. A new description forgets them: a server may be restarted. */
  const windows = new Map<string, number>();
  /** Servers whose window became known with the first answer, which loaded the model. */
  const answered = new Set<string>();

  const describe = async (): Promise<KnownServer> => {
    const [{ describeServer }, connection] = await Promise.all([import('./describe.ts'), connector.connect()]);
    const { client, address, discovered, local } = connection;
    const wanted = { root: address.root, model: options.model, sampling, local, dialect, tokenIdsTrust };
    try {
      const description = await describeServer(client, wanted, connector.signal);
      windows.clear();
      const { tokenIds, isPartial, ...described } = description;
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
        prompts: promptsOf(tokenIds, described),
        ...observers(description),
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
  const observed = ({ facts, ...place }: Place): Place => {
    const { server } = facts;
    const window = Math.min(facts.window, windows.get(server) ?? Infinity);
    return { ...place, facts: window === facts.window ? facts : { ...facts, window } };
  };

  const observers = ({ facts: { server, window }, dialect: { loads } }: Description) => ({
    onWindow: (named: number) => void windows.set(server, named),
    onAnswer: () => {
      if (window < Infinity || loads === undefined || answered.has(server)) return;
      answered.add(server);
      known.doubt();
    },
  });

  /** For a call that generates, waits until the server has loaded its model and can describe it. */
  const loaded = async (call: OpenOptions): Promise<KnownServer> => {
    const server = await known.get(call);
    if (!server.place.isUnloaded || call.loading === undefined) return server;
    const { client, root, facts } = server.place;
    const { loadModel } = await import('./server/load-model.ts');
    await loadModel({ client, root, model: facts.model }, call);
    return known.get({ ...call, fresh: true });
  };

  return {
    async open(call) {
      const { place: described, tokenIds } = await loaded(call);
      if (described.found.answers.has(SLEEP_PATH)) await refuseIfAsleep(described, call.signal);
      const client = call.runId === undefined ? described.client : described.client.forRun(call.runId);
      const place = { ...observed(described), client };
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

    close: () => {
      known.close();
      return connector.close();
    },
  };
}
