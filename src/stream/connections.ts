/**
 * One generation over as many connections as it takes. If a connection breaks, the generation continues from the token
 * ids received: no token is generated twice. The reader of the stream sees one stream.
 */
import type { Clock } from '../clock.ts';
import { ConnectionLostError, type Beginning, type Limits, type Piece, type Session } from '../engine/engine.ts';
import { EngineHttpError, EngineUnreachableError } from '../errors.ts';
import { pause } from '../wait.ts';
import type { Trail } from './trail.ts';

/** Waits before each attempt that follows one without a new token. A server that restarts needs seconds. */
const BACK_OFF_MS = [0, 250, 500, 1000, 2000, 4000, 8000] as const;

/** Errors of a server, or of a proxy in front of it, that is being restarted. */
const RESTARTING = new Set([500, 502, 503]);

type Generation = {
  readonly session: Pick<Session, 'facts' | 'generate' | 'extend'>;
  readonly from: Beginning;
  readonly limits: Limits;
  readonly clock: Clock;
};

export class Connections {
  /** what each request began with */
  readonly beginnings: Beginning[];
  /** tokens of a character that a break has cut in two: received, and generated again */
  droppedTokens = 0;
  readonly #generation: Generation;

  constructor(generation: Generation) {
    this.#generation = generation;
    this.beginnings = [generation.from];
  }

  /** How often the generation was continued. */
  get breaks(): number {
    return this.beginnings.length - 1;
  }

  /**
   * `trail` must hold every piece before the next is read.
   * @throws {ConnectionLostError} if nothing arrived yet, the session cannot continue a stream, or every attempt failed
   */
  async *pieces(trail: Trail, signal: AbortSignal): AsyncGenerator<Piece> {
    const { session, limits } = this.#generation;
    let vain = 0;
    for (;;) {
      const before = trail.tokens;
      const left = { ...limits, maxTokens: limits.maxTokens - before, ...this.#nativeBudget(before) };
      let cause: unknown;
      try {
        for await (const piece of session.generate(this.beginnings.at(-1) as Beginning, left, { signal })) {
          yield before === 0 ? piece : withTokens(piece, before);
          if (piece.finish !== undefined) return;
        }
        cause = new ConnectionLostError('the stream ended without a finish reason');
        // a server that never sends a finish reason has nothing more to say
        if (before > 0 && trail.tokens === before) vain = BACK_OFF_MS.length;
      } catch (error) {
        if (signal.aborted || trail.tokens === 0) throw error;
        const isContinued = this.breaks > 0 && trail.tokens === before;
        if (!mayPass(error)) throw isContinued ? toLost(error) : error;
        cause = error;
      }
      vain = trail.tokens > before ? 0 : vain + 1;
      // oxlint-disable-next-line no-await-in-loop -- the next request continues what came before it
      const isCapped = await this.#continue(trail, { vain, cause, signal });
      if (isCapped) {
        yield { ids: [], text: '', finish: { unified: 'length', raw: 'length' } };
        return;
      }
    }
  }

  /** True: the request has generated as many tokens as it may. @throws {ConnectionLostError} if it is not continued */
  async #continue(
    trail: Trail,
    { vain, cause, signal }: { readonly vain: number; readonly cause: unknown; readonly signal: AbortSignal },
  ): Promise<boolean> {
    const { session, from, limits, clock } = this.#generation;
    const wait = BACK_OFF_MS[vain];
    if (trail.tokens === 0 || wait === undefined) throw toLost(cause);
    if (trail.tokens >= limits.maxTokens) return true;
    await pause(wait, signal, clock);
    this.droppedTokens += await trail.dropHalfCharacter();
    const kept = {
      ids: trail.ids.length === trail.tokens ? [...trail.ids] : undefined,
      text: trail.since(0),
      reasoning: '',
      open: false,
    };
    const { beginning, restartsAnswer } = await session.extend(from, kept, { signal }).catch((error: unknown) => {
      throw signal.aborted ? error : toLost(error);
    });
    if (restartsAnswer) throw toLost(cause);
    this.beginnings.push(beginning);
    return false;
  }

  /** What is left of the server's own budget. */
  #nativeBudget(received: number): Pick<Limits, 'nativeBudget'> {
    const { limits, session } = this.#generation;
    if (limits.nativeBudget === undefined || session.facts.native?.countsPrompt === true) return {};
    return { nativeBudget: Math.max(1, limits.nativeBudget - received) };
  }
}

/** Errors after which the same request may succeed. */
function mayPass(error: unknown): boolean {
  if (error instanceof EngineHttpError) return RESTARTING.has(error.status);
  return error instanceof ConnectionLostError || error instanceof EngineUnreachableError;
}

function toLost(cause: unknown): ConnectionLostError {
  if (cause instanceof ConnectionLostError) return cause;
  return new ConnectionLostError('the stream broke, and could not be continued', { cause });
}

/** The server's count of the last request becomes that of the whole generation. */
function withTokens(piece: Piece, tokens: number): Piece {
  if (piece.usage === undefined) return piece;
  const { usage } = piece;
  return { ...piece, usage: { ...usage, completionTokens: usage.completionTokens + tokens } };
}
