/**
 * The MCP clients that `init` knows, a row each. Every row names where its facts come from; a fact that no source
 * confirmed is in `unverified`.
 */
import type { JsonObject } from './json-edit.ts';
import type { Launch } from './launch.ts';
import type { ClientName } from './names.ts';
import { appData, folderOf, inHome, join, xdgConfig, type Machine } from './locations.ts';

/** How a client gives a server a key that the file does not contain. */
export type KeyFrom =
  /** the text that the client replaces by the value of a variable */
  | { readonly kind: 'text'; readonly of: (variable: string) => string }
  /** a field that lists the variables which the client passes on under their own names */
  | { readonly kind: 'list'; readonly field: string };

/** The first file that exists is used, else the first that may be created. */
export type Candidate = {
  readonly path: string;
  /** a new file is created here only if this folder exists */
  readonly ifThere?: string;
};

export type Client = {
  readonly name: ClientName;
  readonly title: string;
  /** the user's own file, for all projects; several if versions of the client differ */
  readonly files: (machine: Machine) => readonly Candidate[];
  /** its folder; without it, the client is probably not installed */
  readonly home: (machine: Machine) => string;
  /** a file of one project, usually committed; below the project's folder */
  readonly project?: readonly string[];
  /** `json`: the client refuses comments and trailing commas */
  readonly format: 'json' | 'jsonc' | 'toml';
  /** the path of the object that holds the servers */
  readonly servers: readonly string[];
  /** the field of an entry that holds environment variables */
  readonly variables: string;
  readonly entry: (launch: Launch) => JsonObject;
  /** absent: the key can only stand in the file */
  readonly keyFrom?: KeyFrom;
  /** what to do before the client knows the server */
  readonly restart: string;
  readonly sources: readonly string[];
  readonly unverified?: string;
};

/** The entry of most clients. */
const plain = ({ command, args, env }: Launch): JsonObject => ({ command, args, env });
const stdio = (launch: Launch): JsonObject => ({ type: 'stdio', ...plain(launch) });

const dollarEnv: KeyFrom = { kind: 'text', of: (variable) => `\${env:${variable}}` };
const dollar: KeyFrom = { kind: 'text', of: (variable) => `\${${variable}}` };

const CLINE_FILE = 'cline_mcp_settings.json';
const CLINE_EXTENSION = 'saoudrizwan.claude-dev';

export const CLIENTS: readonly Client[] = [
  {
    name: 'claude-desktop',
    title: 'Claude Desktop',
    files: claudeFiles,
    home: (machine) => join(machine, appData(machine), 'Claude'),
    format: 'json',
    servers: ['mcpServers'],
    variables: 'env',
    entry: plain,
    restart: 'quit Claude Desktop completely and start it again',
    sources: [
      'modelcontextprotocol.io/docs/develop/connect-local-servers',
      'playwright.dev/mcp/clients/claude-desktop',
      'anthropics/claude-code#26073 and neon-solutions/add-mcp#114 (the MSIX package on Windows)',
    ],
    unverified: 'the location on Linux, where Claude Desktop is in beta: the folder of every Electron application',
  },
  {
    name: 'claude-code',
    title: 'Claude Code',
    files: (machine) => [{ path: join(machine, folderOf(machine, 'CLAUDE_CONFIG_DIR'), '.claude.json') }],
    home: (machine) => folderOf(machine, 'CLAUDE_CONFIG_DIR', '.claude'),
    project: ['.mcp.json'],
    format: 'json',
    servers: ['mcpServers'],
    variables: 'env',
    entry: stdio,
    keyFrom: dollar,
    restart: 'start a new session of claude; /mcp lists the server',
    sources: ['code.claude.com/docs/en/mcp (scopes, expansion of variables)', 'run here with Claude Code 2.1.197'],
    unverified: 'that CLAUDE_CONFIG_DIR also moves .claude.json',
  },
  {
    name: 'cursor',
    title: 'Cursor',
    files: (machine) => [{ path: inHome(machine, '.cursor', 'mcp.json') }],
    home: (machine) => inHome(machine, '.cursor'),
    project: ['.cursor', 'mcp.json'],
    format: 'jsonc',
    servers: ['mcpServers'],
    variables: 'env',
    entry: plain,
    keyFrom: dollarEnv,
    restart: 'enable thinkmeter under Cursor Settings, MCP',
    sources: ['cursor.com/docs/mcp (locations, config interpolation)'],
    unverified: 'whether Cursor accepts comments in this file; they are kept',
  },
  {
    name: 'vscode',
    title: 'VS Code',
    files: (machine) => [{ path: join(machine, appData(machine), 'Code', 'User', 'mcp.json') }],
    home: (machine) => join(machine, appData(machine), 'Code'),
    project: ['.vscode', 'mcp.json'],
    format: 'jsonc',
    servers: ['servers'],
    variables: 'env',
    entry: stdio,
    keyFrom: dollarEnv,
    restart: 'open the chat in agent mode and start thinkmeter in its list of tools',
    sources: [
      'code.visualstudio.com/docs/agents/reference/mcp-configuration',
      'microsoft/vscode#245237 (${env:NAME} is supported)',
    ],
    unverified: 'the folder of a profile other than the default one',
  },
  {
    name: 'codex',
    title: 'Codex',
    files: (machine) => [{ path: join(machine, folderOf(machine, 'CODEX_HOME', '.codex'), 'config.toml') }],
    home: (machine) => folderOf(machine, 'CODEX_HOME', '.codex'),
    project: ['.codex', 'config.toml'],
    format: 'toml',
    servers: ['mcp_servers'],
    variables: 'env',
    entry: plain,
    keyFrom: { kind: 'list', field: 'env_vars' },
    restart: 'start a new session of codex; /mcp lists the server',
    sources: ['developers.openai.com/codex/mcp (env, env_vars)', 'run here with Codex 0.171.0'],
  },
  {
    name: 'gemini',
    title: 'Gemini CLI',
    files: (machine) => [{ path: inHome(machine, '.gemini', 'settings.json') }],
    home: (machine) => inHome(machine, '.gemini'),
    project: ['.gemini', 'settings.json'],
    format: 'jsonc',
    servers: ['mcpServers'],
    variables: 'env',
    entry: plain,
    keyFrom: dollar,
    restart: 'start gemini again; /mcp lists the server',
    sources: [
      'geminicli.com/docs/tools/mcp-server',
      'geminicli.com/docs/cli/configuration ($NAME and ${NAME} in texts)',
    ],
  },
  {
    name: 'opencode',
    title: 'opencode',
    files: (machine) =>
      ['opencode.json', 'opencode.jsonc'].map((file) => ({
        path: join(machine, xdgConfig(machine), 'opencode', file),
      })),
    home: (machine) => join(machine, xdgConfig(machine), 'opencode'),
    project: ['opencode.json'],
    format: 'jsonc',
    servers: ['mcp'],
    variables: 'environment',
    entry: ({ command, args, env }) => ({
      type: 'local',
      command: [command, ...args],
      environment: env,
      enabled: true,
    }),
    keyFrom: { kind: 'text', of: (variable) => `{env:${variable}}` },
    restart: 'start opencode again',
    sources: ['opencode.ai/docs/config', 'opencode.ai/docs/mcp-servers', 'run here with opencode 1.18.33'],
    unverified: 'the location on Windows: ~/.config, as on the other platforms',
  },
  {
    name: 'windsurf',
    title: 'Windsurf',
    files: (machine) => [{ path: inHome(machine, '.codeium', 'windsurf', 'mcp_config.json') }],
    home: (machine) => inHome(machine, '.codeium', 'windsurf'),
    format: 'jsonc',
    servers: ['mcpServers'],
    variables: 'env',
    entry: plain,
    keyFrom: dollarEnv,
    restart: 'press the refresh button of the MCP servers in Cascade',
    sources: ['docs.windsurf.com/windsurf/cascade/mcp (location, config interpolation)'],
    unverified: 'whether Windsurf accepts comments in this file; they are kept',
  },
  {
    name: 'zed',
    title: 'Zed',
    files: (machine) => [{ path: join(machine, zedFolder(machine), 'settings.json') }],
    home: zedFolder,
    project: ['.zed', 'settings.json'],
    format: 'jsonc',
    servers: ['context_servers'],
    variables: 'env',
    entry: plain,
    restart: 'open the agent panel; its settings show thinkmeter as active',
    sources: [
      'zed.dev/docs/ai/mcp',
      'zed-industries/zed crates/paths/src/paths.rs (locations)',
      'zed-industries/zed#60459 (variables in values are not replaced)',
    ],
  },
  {
    name: 'cline',
    title: 'Cline',
    files: (machine) => [{ path: clineFile(machine) }, { path: olderClineFile(machine) }],
    home: (machine) => folderOf(machine, 'CLINE_DIR', '.cline'),
    format: 'json',
    servers: ['mcpServers'],
    variables: 'env',
    entry: (launch) => ({ ...plain(launch), disabled: false }),
    keyFrom: dollarEnv,
    restart: 'open MCP Servers in Cline; thinkmeter is in the list',
    sources: [
      'docs.cline.bot/mcp/mcp-overview (CLI and extension share ~/.cline/data/settings)',
      'cline/cline src/core/storage/disk.ts (the file of older extensions)',
      'cline/cline#8079 (${env:NAME} in values)',
    ],
    unverified: 'since which version the extension reads ~/.cline; an existing file of the older kind is used',
  },
];

/**
 * On Windows, Claude Desktop is an MSIX package since February 2026. It reads the file in its own folder; without that
 * file, it reads the file in `%APPDATA%`.
 */
function claudeFiles(machine: Machine): Candidate[] {
  const file = 'claude_desktop_config.json';
  const usual = { path: join(machine, appData(machine), 'Claude', file) };
  if (machine.platform !== 'win32') return [usual];
  const local = folderOf(machine, 'LOCALAPPDATA', 'AppData', 'Local');
  const folder = join(machine, local, 'Packages', 'Claude_pzs8sxrjxfjjc');
  return [{ path: join(machine, folder, 'LocalCache', 'Roaming', 'Claude', file), ifThere: folder }, usual];
}

function olderClineFile(machine: Machine): string {
  return join(machine, appData(machine), 'Code', 'User', 'globalStorage', CLINE_EXTENSION, 'settings', CLINE_FILE);
}

function clineFile(machine: Machine): string {
  const named = machine.env['CLINE_MCP_SETTINGS_PATH']?.trim() ?? '';
  if (named !== '') return named;
  const data = machine.env['CLINE_DATA_DIR']?.trim() ?? '';
  const folder = data === '' ? join(machine, folderOf(machine, 'CLINE_DIR', '.cline'), 'data') : data;
  return join(machine, folder, 'settings', CLINE_FILE);
}

/** On macOS `~/.config`, not the folder for applications. */
function zedFolder(machine: Machine): string {
  if (machine.platform === 'win32') return join(machine, appData(machine), 'Zed');
  const flatpak = machine.platform === 'linux' ? (machine.env['FLATPAK_XDG_CONFIG_HOME'] ?? '') : '';
  if (flatpak !== '') return join(machine, flatpak, 'zed');
  return machine.platform === 'linux' ? join(machine, xdgConfig(machine), 'zed') : inHome(machine, '.config', 'zed');
}
