/**
 * Start-up, compared in turns with bare node and with the smallest server that the MCP SDK 1.x can make:
 *
 *   npm run bench:start [-- --runs 25]
 *
 * node: from spawn to its end (`node -e 0`). Servers: from spawn to the response to `initialize`, and to `tools/list`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { toTable } from '../../src/cli/table.ts';
import { figures, HEADINGS, median } from './figures.ts';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '25' } } });

async function bareNode(): Promise<number> {
  const startedAt = performance.now();
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit');
  return performance.now() - startedAt;
}

const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '0' } },
};

const SMALLEST = `
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
const server = new McpServer({ name: 'smallest', version: '0' });
server.registerTool('nothing', {}, () => ({ content: [] }));
await server.connect(new StdioServerTransport());
`;

async function server(programArguments: readonly string[]): Promise<{ initialized: number; listed: number }> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, programArguments, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const say = (message: object): void => void child.stdin.write(`${JSON.stringify(message)}\n`);
  say(INITIALIZE);
  await lines.next();
  const initialized = performance.now() - startedAt;
  say({ jsonrpc: '2.0', method: 'notifications/initialized' });
  say({ jsonrpc: '2.0', id: 2, method: 'tools/list' });
  await lines.next();
  const listed = performance.now() - startedAt;
  child.stdin.end();
  await once(child, 'exit');
  return { initialized, listed };
}

const bare: number[] = [];
const smallest: number[] = [];
const initialized: number[] = [];
const listed: number[] = [];
for (let run = 0; run < Number(values.runs); run++) {
  // oxlint-disable no-await-in-loop -- in turns, so that all meet the same machine
  bare.push(await bareNode());
  smallest.push((await server(['--input-type=module', '-e', SMALLEST])).initialized);
  const times = await server(['dist/main.js']);
  initialized.push(times.initialized);
  listed.push(times.listed);
  // oxlint-enable no-await-in-loop
}
const rows = [
  figures('node -e 0', bare),
  figures('smallest server, initialize', smallest),
  figures('thinkmeter, initialize', initialized),
  figures('thinkmeter, tools/list', listed),
];
const added = (median(initialized) - median(bare)).toFixed(1);
const ratio = (median(initialized) / median(smallest)).toFixed(2);
process.stdout.write(
  `${toTable(HEADINGS, rows)}\n\nadded to bare node, at the median: ${added} ms\nin relation to the smallest server: ${ratio}\n`,
);
