/** Waits until a server has loaded a model that its first request loads, such as llama.cpp's router. */
import { EngineHttpError, EngineTimeoutError } from '../../../errors.ts';
import type { CallOptions } from '../../engine.ts';
import type { RemoteClient } from '../http/client.ts';
import { tokenized } from '../http/wire.ts';

/** The caller's own limit is usually shorter. */
const LONGEST_MS = 3_600_000;

type Place = { readonly client: RemoteClient; readonly root: string; readonly model: string };

/**
 * The smallest request that loads the model: the router answers it when the model is ready (server-models.cpp,
 * `ensure_model_ready`).
 * @throws {ThinkmeterError} if the model cannot be loaded, or the caller's time is over before it is
 */
export async function loadModel({ client, root, model }: Place, { signal, loading }: CallOptions): Promise<void> {
  loading?.({ message: `the server is loading ${model}` });
  try {
    await client.post('/tokenize', tokenized, { model, content: 'x' }, signal, LONGEST_MS);
  } catch (error) {
    if (signal.aborted) {
      throw new EngineTimeoutError(`the server at ${root} was still loading ${model} when the time was over`, {
        hint: 'the server continues to load the model: call again later, or raise max_seconds',
        cause: error,
      });
    }
    if (!(error instanceof EngineHttpError) || !/not loaded/i.test(error.message)) throw error;
    throw new EngineHttpError(`the server at ${root} has not loaded ${model} and does not load it by itself`, 400, {
      hint: 'load the model on the server, or start llama-server without --no-models-autoload',
      cause: error,
    });
  }
}
