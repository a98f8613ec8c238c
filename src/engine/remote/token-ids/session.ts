/** A session over token ids: the model's own template and tokenizer render, and what is received is continued as it is. */
import { EngineHttpError, EngineTimeoutError, EngineUnsupportedError } from '../../../errors.ts';
import { TAIL_TOKENS } from '../../../prompt/family.ts';
import { render, type Codec } from '../../../prompt/render.ts';
import { EndpointGoneError, type CallOptions, type Session } from '../../engine.ts';
import { extendIds, idsOf, toPrompt } from '../../token-ids.ts';
import type { TokenIds } from '../describe.ts';
import { reports, type Place } from '../server/place.ts';
import { complete } from './completions.ts';
import { countedHere } from '../http/counted.ts';
import { Memo } from './codecs.ts';

/** What was seen of a server over token ids; kept for as long as what is known of it. */
type Memos = {
  readonly encoded: Memo<readonly number[]>;
  readonly tails: Memo<string>;
  /** ids came with a stream */
  sendsIds: boolean;
};

const MEMOS = new WeakMap<TokenIds, Memos>();

export function tokenIdsSession(
  place: Place,
  tokenIds: TokenIds,
  onDoubt: (reason: 'model' | 'completions') => void,
): Session {
  const { client, local, described } = place;
  const { facts, dialect } = described;
  // a trial has shown it, where one was made
  const isShown = facts.countedBy === 'ids' && dialect.isTrusted !== true;
  const memos = memosOf(tokenIds, isShown);
  const { encoded, tails } = memos;

  const codecFor = ({ signal }: CallOptions): Codec => {
    const own = tokenIds.codecFor(signal);
    return {
      template: (messages, templateArguments) => own.template(messages, templateArguments),
      encode: (text) => encoded.get(text, () => own.encode(text)),
      // the tail of a prompt is nearly always the same
      decode: (ids) => (ids.length > TAIL_TOKENS ? own.decode(ids) : tails.get(ids.join(), () => own.decode(ids))),
    };
  };

  const toDoubt = (error: unknown): unknown => {
    // with no word of a model it is the path that is not there, or something in front of the server that hides it
    if (error instanceof EngineUnsupportedError || error instanceof EngineTimeoutError) {
      onDoubt('completions');
      return new EndpointGoneError(error.message, { cause: error });
    }
    if (error instanceof EngineHttpError && error.status === 404) onDoubt('model');
    return error;
  };

  const doubting = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw toDoubt(error);
    }
  };

  return {
    facts,
    ...reports(place),

    render: async (question, { thinking, ...call }) =>
      toPrompt(await doubting(render(question, facts.family, thinking, codecFor(call)))),

    async *generate(from, limits, call) {
      const task = {
        client,
        model: facts.model,
        dialect,
        // until ids have come: a server may ignore that they were asked for
        needsUsage: !memos.sendsIds,
        signal: call.signal,
        ...codecFor(call),
        ...countedHere(local),
      };
      try {
        for await (const piece of complete(task, idsOf(from).ids, limits)) {
          if (piece.ids.length > 0) memos.sendsIds = true;
          yield piece;
        }
      } catch (error) {
        throw toDoubt(error);
      }
    },

    extend: (from, kept, call) =>
      doubting(
        extendIds(idsOf(from), kept, { closer: tokenIds.closer, encode: (text) => codecFor(call).encode(text) }),
      ),

    decode: (ids, call) => codecFor(call).decode(ids),
  };
}

function memosOf(tokenIds: TokenIds, sendsIds: boolean): Memos {
  const memos = MEMOS.get(tokenIds) ?? { encoded: new Memo(), tails: new Memo(), sendsIds };
  MEMOS.set(tokenIds, memos);
  return memos;
}
