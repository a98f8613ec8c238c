/** Waiting for a real server's own counters. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { VllmServer } from './server.ts';

export const GENERATED = 'vllm:generation_tokens_total';
export const RUNNING = 'vllm:num_requests_running';

/** An answer may arrive a moment before the server has counted its request as over. */
export async function untilIdle(vllm: VllmServer): Promise<void> {
  await until(async () => (await vllm.metric(RUNNING)) === 0);
  // the counters are written by another task of the server
  await sleep(50);
}

export function untilRunning(vllm: VllmServer): Promise<void> {
  return until(async () => (await vllm.metric(RUNNING)) > 0);
}

/** As `expect.poll`, which a hook may not use. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries++) {
    if (tries > 500) throw new Error('waited for ten seconds in vain');
    await sleep(20);
  }
}

/** A figure for whoever reads along. */
export function say(name: string, measured: string): void {
  process.stdout.write(`${name}: ${measured}\n`);
}
