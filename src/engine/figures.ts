/** A server's current counters, read within a limit of their own. */
import type { Clock } from '../clock.ts';
import { limit } from '../wait.ts';
import type { Load, Session } from './engine.ts';

const FIGURES_MS = 2000;

/** Never rejects. undefined: the server has no counters, or did not return them in time. */
export async function figures(
  session: Pick<Session, 'load'>,
  signal: AbortSignal | undefined,
  clock: Clock,
): Promise<Load | undefined> {
  const inTime = limit(signal, FIGURES_MS, clock);
  try {
    return await session.load?.({ signal: inTime.signal });
  } catch {
    return undefined;
  } finally {
    inTime.release();
  }
}
