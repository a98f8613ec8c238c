import { openDatabase } from '../../src/state/database.ts';

/** Of how many runs the file has something that was received. */
export async function receivedRuns(path: string): Promise<number> {
  const database = await openDatabase(path);
  try {
    const [{ runs }] = database.prepare('SELECT count(DISTINCT run_id) AS runs FROM received').all() as [
      { runs: number },
    ];
    return runs;
  } finally {
    database.close();
  }
}
