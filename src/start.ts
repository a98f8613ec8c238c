#!/usr/bin/env node
/**
 * What a client starts: loads the program if this Node is new enough. Claude Desktop takes the oldest version that nvm
 * has (modelcontextprotocol/servers#64). Old versions parse this file, so it has no imports and no new syntax.
 */

/** as in package.json */
const NEEDED = [20, 19];

/** Since Node 22.1: keeps what V8 has compiled for the next start (nodejs.org/api/module.html). */
type Compiling = { readonly enableCompileCache?: () => unknown };

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const [neededMajor = 0, neededMinor = 0] = NEEDED;

if (major > neededMajor || (major === neededMajor && minor >= neededMinor)) {
  void (import('node:module') as Promise<Compiling>).then(({ enableCompileCache: enable }) => {
    if (enable !== undefined) enable();
    return import('./main.ts');
  });
} else {
  process.stderr.write(
    `thinkmeter needs Node ${NEEDED.join('.')} or newer, but this is Node ${process.versions.node} at ${process.execPath}. Set the command in your MCP client to the full path of a newer node.\n`,
  );
  process.exitCode = 1;
}
