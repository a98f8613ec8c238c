/**
 * The requests under way, so that closing the engine ends them. By controllers, not `AbortSignal.any` with a signal that
 * lives as long as the process: Node 20 keeps every such signal that was ever listened to (measured: 1.2 kB each).
 */
import { setMaxListeners } from 'node:events';

export class InFlight {
  readonly #controllers = new Set<AbortController>();
  #closed = false;

  /** A signal that fires with the caller's or at close; `done` lets go of both. */
  begin(signal: AbortSignal): { readonly signal: AbortSignal; readonly done: () => void } {
    const own = new AbortController();
    const abort = (): void => own.abort(signal.reason);
    // one call may have many small requests under way; that is no leak
    setMaxListeners(0, signal);
    if (signal.aborted || this.#closed) own.abort(signal.reason);
    else signal.addEventListener('abort', abort, { once: true });
    this.#controllers.add(own);
    const done = (): void => {
      signal.removeEventListener('abort', abort);
      this.#controllers.delete(own);
    };
    return { signal: own.signal, done };
  }

  close(): void {
    this.#closed = true;
    for (const controller of this.#controllers) controller.abort();
  }
}
