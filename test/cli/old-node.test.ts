/** What a client starts, on a Node that is too old: Claude Desktop takes the oldest one that nvm has. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transform } from 'rolldown/utils';
import { expect, onTestFinished, test } from 'vitest';
import { ENTRY, ROOT, runProgram } from '../support/program.ts';

/** This Node under another version's name, without what that version has not. */
function nodeNamed(version: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'thinkmeter-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const preload = join(folder, 'old.cjs');
  writeFileSync(
    preload,
    `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } }); delete AbortSignal.any;`,
  );
  return [process.execPath, '--require', preload];
}

// modelcontextprotocol/servers#64, modelcontextprotocol/mcpb#130, punkpeye/mcp-remote#83, zerodha/kite-mcp-server#63
test.each(['12.22.12', '16.20.2', '18.20.8', '20.9.0', '20.18.3'])(
  'Node %s is refused in one sentence with both versions and the path, and ends with 1',
  async (version) => {
    const { code, stdout, stderr } = await runProgram({ command: nodeNamed(version), args: [ENTRY] });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe(
      `thinkmeter needs Node 20.19 or newer, but this is Node ${version} at ${process.execPath}. Set the command in your MCP client to the full path of a newer node.\n`,
    );
  },
);

test.each(['20.19.0', '20.20.2', '21.0.0', '22.1.0', '100.0.0'])('Node %s is new enough', async (version) => {
  const { code, stdout } = await runProgram({ command: nodeNamed(version), args: [ENTRY, '--help'] });
  expect({ code, starts: stdout.slice(0, 17) }).toEqual({ code: 0, starts: 'Usage: thinkmeter' });
});

test('the needed version is that of package.json', () => {
  const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { engines: { node: string } };
  expect(engines.node).toBe('>=20.19');
});

test('what a client starts has no syntax that Node 12 cannot parse, and imports nothing before the check', async () => {
  const code = readFileSync(join(ROOT, ENTRY), 'utf8');
  const lowered = await Promise.all(
    ['node12.22', 'esnext'].map(async (target) => (await transform('main.js', code, { target })).code),
  );
  expect(lowered[0]).toBe(lowered[1]);
  expect(code).not.toMatch(/\bimport\b(?!\()|\brequire\b/);
});
