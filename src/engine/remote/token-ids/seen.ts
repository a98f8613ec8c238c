/** What was seen of a server over token ids; kept for as long as what is known of it. */
import type { Closer } from '../../../prompt/family.ts';
import { Skeletons } from '../../../prompt/skeleton.ts';
import { Memo, type ServerCodec } from './codecs.ts';

export class Seen {
  readonly encoded = new Memo<readonly number[]>();
  readonly tails = new Memo<string>();
  readonly skeletons = new Skeletons();
  /** what a server makes of a prompt as text was compared with its template, by skeleton */
  readonly compared = new Set<string>();
  /** ids came with a stream; until then usage is asked for with every chunk, because a server may ignore the question */
  sendsIds: boolean;

  constructor(sendsIds: boolean) {
    this.sendsIds = sendsIds;
  }
}

/** What a session over token ids needs of a model. */
export type TokenIds = {
  readonly codecFor: (signal: AbortSignal) => ServerCodec;
  readonly closer: Closer<readonly number[]>;
  readonly seen: Seen;
};
