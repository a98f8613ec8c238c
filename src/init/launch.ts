/** The command by which a client starts this program. */
export type Launch = {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
};

/** How this program was started. */
export type Running = {
  /** absolute path of the Node binary */
  readonly node: string;
  /** absolute path of `dist/main.js` */
  readonly program: string;
  readonly platform: string;
};

const PACKAGE = 'thinkmeter';

/**
 * Absolute paths, because applications with windows do not have the shell's PATH, and another terminal may have another
 * Node. Two exceptions use npx: a file that is shared with other machines, and a program in npx's own cache, which npm
 * may delete (docs.npmjs.com/cli/commands/npx).
 */
export function commandFor({ node, program, platform }: Running, shared: boolean): Pick<Launch, 'command' | 'args'> {
  if (!shared && !isInNpxCache(program)) return { command: stableNode(node), args: [program] };
  const npx = ['npx', '-y', PACKAGE];
  // npx is a batch file on Windows, which programs can only start through a shell
  const [command = '', ...args] = platform === 'win32' ? ['cmd', '/c', ...npx] : npx;
  return { command, args };
}

/**
 * How this program is called in a shell: `script` is the second of the process's arguments, the file or the link that
 * Node was given.
 */
export function calledAs(script: string, folder: string): string {
  const name = script.split(/[\\/]/).at(-1) ?? '';
  if (name !== 'main.js') return isInNpxCache(script) ? `npx ${PACKAGE}` : PACKAGE;
  return `node ${script.startsWith(`${folder}/`) ? script.slice(folder.length + 1) : script}`;
}

/** `~/.npm/_npx/HASH/node_modules/thinkmeter/dist/main.js` */
export function isInNpxCache(program: string): boolean {
  return /[\\/]_npx[\\/]/.test(program);
}

/**
 * Homebrew deletes the folder of a version with every upgrade, and keeps a link to the newest one:
 * `PREFIX/Cellar/node/22.1.0/bin/node` is also `PREFIX/opt/node/bin/node` (docs.brew.sh/Formula-Cookbook, opt_prefix).
 */
function stableNode(node: string): string {
  return node.replace(/\/Cellar\/([^/]+)\/[^/]+\/bin\/node$/, '/opt/$1/bin/node');
}
