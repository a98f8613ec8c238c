/** Caches and observations from token mode. They live as long as one description of the server. */
import type { Closer } from '../../../prompt/family.ts';
import { Skeletons } from '../../../prompt/skeleton.ts';
import type { RemoteClient } from '../http/client.ts';
import { Memo, type ServerCodec } from './codecs.ts';

export class Seen {
  readonly encoded = new Memo<readonly number[]>();
  readonly tails = new Memo<string>();
  readonly skeletons = new Skeletons();
  /** skeletons whose prompt ids from the server were compared with the ids of its template */
  readonly compared = new Set<string>();
  /** a stream has contained ids; until then requests ask for usage too, because servers ignore unknown fields */
  sendsIds: boolean;
  /** a prompt of ids was answered; until then a refusal may mean that a router accepts only text */
  takesIds = false;

  constructor(sendsIds: boolean) {
    this.sendsIds = sendsIds;
  }
}

/** The parts of a model that a session in token mode needs. */
export type TokenIds = {
  /** `client`: that of a run; absent: the client that described the server */
  readonly codecFor: (signal: AbortSignal, client?: RemoteClient) => ServerCodec;
  readonly closer: Closer<readonly number[]>;
  readonly seen: Seen;
};
