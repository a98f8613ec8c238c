/** The thinking of runs that are not over: every piece once, gone when the record is there. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Received } from '../../src/run/received.ts';
import { openDatabase } from '../../src/state/database.ts';
import { Journal } from '../../src/state/journal.ts';
import { insertRun, selectRuns } from '../../src/state/rows.ts';

const textOf = (list: readonly number[]): string => list.map((id) => `${id} `).join('');

/** A stream of ids; the text of each is its number and a blank. */
function streamOf(base: Received['base'], startMarker = ''): Received & { arrive(count: number): void } {
  const ids: number[] = [];
  return {
    base,
    startMarker,
    arrive: (count) => {
      for (let more = 0; more < count; more += 1) ids.push(ids.length + 100);
    },
    since: ({ tokens }) =>
      ids.length <= tokens
        ? undefined
        : { ids: ids.slice(tokens), text: textOf(ids.slice(tokens)), to: { tokens: ids.length, chars: 0 } },
  };
}

const RUN = { runId: 'a', at: 1, tool: 'reason', question: 'What?', parts: { system: [], user: [] } };

async function withFile<T>(use: (database: Awaited<ReturnType<typeof openDatabase>>) => T): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'thinkmeter-journal-'));
  const database = await openDatabase(join(folder, 'state.db'));
  try {
    return use(database);
  } finally {
    database.close();
    rmSync(folder, { recursive: true });
  }
}

test('however the tokens arrive, they are read back in order, behind what the run continued', async () => {
  await withFile((database) => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(5), { maxLength: 20 }),
        fc.constantFrom(
          { server: 's', text: '', tokens: 0 },
          { server: 's', ids: [7, 8], text: 'earlier ', tokens: 2 },
        ),
        (arrivals, base) => {
          database.exec('DELETE FROM runs');
          const journal = new Journal();
          const stream = streamOf(base);
          journal.begin({ ...RUN, received: stream });
          for (const count of arrivals) {
            stream.arrive(count);
            journal.write(database);
          }
          const all = arrivals.reduce((sum, count) => sum + count, 0);
          const runs = selectRuns(database, '', []);
          expect(runs).toHaveLength(all === 0 ? 0 : 1);
          if (all === 0) return;
          const ids = Array.from({ length: all }, (_, index) => index + 100);
          expect(runs[0]?.thought).toEqual({
            server: 's',
            ids: [...('ids' in base ? base.ids : []), ...ids],
            text: base.text + ids.map((id) => `${id} `).join(''),
            tokens: base.tokens + all,
          });
        },
      ),
      { numRuns: 50 },
    );
  });
});

test('a thought that is over replaces its pieces; a run without anything to keep leaves nothing', async () => {
  await withFile((database) => {
    const journal = new Journal();
    const count = (table: string): unknown => database.prepare(`SELECT count(*) AS rows FROM ${table}`).get();
    const stream = streamOf({ server: 's', text: '', tokens: 0 });
    journal.begin({ ...RUN, received: stream });
    stream.arrive(3);
    journal.write(database);
    expect([count('runs'), count('received')]).toMatchObject([{ rows: 1 }, { rows: 1 }]);
    insertRun(database, { ...RUN, runId: 'a', record: {} });
    expect([count('runs'), count('received')]).toMatchObject([{ rows: 1 }, { rows: 0 }]);
    journal.settle('a', { server: 's', ids: [100], text: '100 ', tokens: 1 });
    journal.write(database);
    expect([count('runs'), count('received')]).toMatchObject([{ rows: 1 }, { rows: 0 }]);
    journal.drop('a');
    journal.begin({ ...RUN, runId: 'b', received: stream });
    journal.write(database);
    journal.drop('b');
    journal.write(database);
    expect([count('runs'), count('received')]).toMatchObject([{ rows: 0 }, { rows: 0 }]);
    expect(journal.isEmpty).toBe(true);
  });
});

test('a start marker that the model wrote is no thinking', async () => {
  await withFile((database) => {
    const journal = new Journal();
    const stream = streamOf({ server: 's', text: '', tokens: 0 }, '100 ');
    journal.begin({ ...RUN, received: stream });
    stream.arrive(3);
    journal.write(database);
    const [run] = selectRuns(database, '', []);
    expect(run?.thought).toMatchObject({ ids: [100, 101, 102], text: '101 102 ' });
  });
});
