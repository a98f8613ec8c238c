/** Calls one after the other on several lines, for a time. */
import type { Connection } from '../support/connect.ts';

/** The milliseconds that each call took. */
export async function callsFor(client: Connection, seconds: number, atOnce: number): Promise<readonly number[]> {
  const until = performance.now() + seconds * 1000;
  const took: number[] = [];
  const line = async (): Promise<void> => {
    while (performance.now() < until) {
      const startedAt = performance.now();
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const { isError, text } = await client.call('reason', { question: '2^10 + 3^5 - 4^3 = ?', thinking_budget: 256 });
      if (isError) throw new Error(text);
      took.push(performance.now() - startedAt);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, line));
  return took;
}
