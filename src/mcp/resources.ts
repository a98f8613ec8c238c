/** What clients can read: the full record of each run, and what all calls used. */
import { ProtocolError, ProtocolErrorCode, ResourceTemplate, type McpServer } from '@modelcontextprotocol/server';
import { runUri, tuningUri, USAGE_URI } from '../report/uri.ts';
import type { Runs } from '../runs.ts';
import { usageToJson } from '../spending/report-json.ts';
import type { Spending } from '../spending/spending.ts';
import type { TuningStore } from '../tuning/sweep/kept.ts';

/** Tunings with the results of their cases. */
export type TuningRecords = TuningStore & { get(tuningId: string): Promise<object | undefined> };

type Parts = { readonly runs: Runs; readonly spending: Spending; readonly tunings: TuningRecords };

export function registerResources(server: McpServer, { runs, spending, tunings }: Parts): void {
  registerRuns(server, runs);
  registerTunings(server, tunings);
  registerUsage(server, spending);
}

function registerRuns(server: McpServer, runs: Runs): void {
  const list = async (): Promise<{ resources: { uri: string; name: string; mimeType: string }[] }> => ({
    resources: (await runs.latest()).map((id) => ({
      uri: runUri(id),
      name: `run ${id}`,
      mimeType: 'application/json',
    })),
  });
  server.registerResource(
    'run',
    new ResourceTemplate(runUri('{run_id}'), { list }),
    { title: 'A run', description: 'The full reasoning and numbers of one call', mimeType: 'application/json' },
    async (uri, { run_id: id }) => {
      const record = await runs.find(String(id));
      if (record === undefined) {
        throw new ProtocolError(
          ProtocolErrorCode.InvalidParams,
          `run ${String(id)} does not exist, or was deleted; thinkmeter runs lists those that are kept`,
        );
      }
      return {
        contents: [{ uri: uri.href, mimeType: 'application/json', text: JSON.stringify(record, undefined, 2) }],
      };
    },
  );
}

function registerTunings(server: McpServer, tunings: TuningRecords): void {
  server.registerResource(
    'tuning',
    new ResourceTemplate(tuningUri('{tuning_id}'), { list: undefined }),
    { title: 'A tuning', description: 'The answers to every case under every budget', mimeType: 'application/json' },
    async (uri, { tuning_id: id }) => {
      const record = await tunings.get(String(id));
      if (record === undefined) {
        const message = `tuning ${String(id)} does not exist, or was deleted`;
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, message);
      }
      return { contents: [{ uri: uri.href, mimeType: 'application/json', text: JSON.stringify(record) }] };
    },
  );
}

function registerUsage(server: McpServer, spending: Spending): void {
  server.registerResource(
    'usage',
    USAGE_URI,
    {
      title: 'Usage',
      description: 'What the calls of the last 30 days used, cost and saved',
      mimeType: 'application/json',
    },
    async (uri) => ({
      contents: [
        {
          uri: uri.href,
          mimeType: 'application/json',
          text: JSON.stringify(await usageToJson(spending), undefined, 2),
        },
      ],
    }),
  );
}
