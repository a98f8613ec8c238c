/**
 * vLLM's sleep mode: a sleeping server accepts requests and generates nothing (vllm-project/vllm#15483). The endpoints
 * exist only with `--enable-sleep-mode` and VLLM_SERVER_DEV_MODE=1 (docs.vllm.ai, features/sleep_mode).
 */
import * as z from 'zod';
import { EngineHttpError } from '../../../errors.ts';
import type { RemoteClient } from '../http/client.ts';
import { asJson } from '../http/wire.ts';

export const SLEEP_PATH = '/is_sleeping';

/** Each call polls this path on servers that have it, so the limit is short. */
const SLEEP_MS = 1000;

const sleeping = z.object({ is_sleeping: z.literal(true) });

/** @throws {EngineHttpError} when the server reports that its model sleeps */
export async function refuseIfAsleep(
  { client, root }: { readonly client: RemoteClient; readonly root: string },
  signal: AbortSignal,
): Promise<void> {
  const answer = await client.poll(SLEEP_PATH, signal, SLEEP_MS);
  if (answer.kind !== 'answered' || !sleeping.safeParse(asJson(answer.text)).success) return;
  throw new EngineHttpError(`the model at ${root} sleeps (vLLM's sleep mode) and generates nothing`, 503, {
    hint: `wake it with \`curl -X POST ${root}/wake_up\``,
  });
}
