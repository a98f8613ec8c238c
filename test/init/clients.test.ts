/** The table of clients: where each file is on the three platforms, and what an entry looks like. */
import { describe, expect, test } from 'vitest';
import { CLIENTS, type Client } from '../../src/init/clients.ts';
import { entryFor } from '../../src/init/entry.ts';
import type { Machine } from '../../src/init/locations.ts';
import { CLIENT_NAMES, type ClientName } from '../../src/init/names.ts';

type Env = Machine['env'];

const linux = (env: Env = {}): Machine => ({ platform: 'linux', home: '/home/me', env, folder: '/work' });
const mac = (env: Env = {}): Machine => ({ platform: 'darwin', home: '/Users/me', env, folder: '/work' });
const windows = (env: Env = {}): Machine => ({ platform: 'win32', home: 'C:\\Users\\me', env, folder: 'C:\\work' });

function clientOf(name: string): Client {
  return CLIENTS.find((client) => client.name === name) as Client;
}

test('the names of the command line are the rows of the table', () => {
  expect(CLIENTS.map(({ name }) => name)).toEqual([...CLIENT_NAMES]);
});

test('every row names its sources', () => {
  for (const { sources } of CLIENTS) expect(sources.length).toBeGreaterThan(0);
});

const ROAMING = 'C:\\Users\\me\\AppData\\Roaming';
const SUPPORT = '/Users/me/Library/Application Support';

const FILES: Record<ClientName, readonly [string, string, string]> = {
  'claude-desktop': [
    '/home/me/.config/Claude/claude_desktop_config.json',
    `${SUPPORT}/Claude/claude_desktop_config.json`,
    `${ROAMING}\\Claude\\claude_desktop_config.json`,
  ],
  'claude-code': ['/home/me/.claude.json', '/Users/me/.claude.json', 'C:\\Users\\me\\.claude.json'],
  cursor: ['/home/me/.cursor/mcp.json', '/Users/me/.cursor/mcp.json', 'C:\\Users\\me\\.cursor\\mcp.json'],
  vscode: ['/home/me/.config/Code/User/mcp.json', `${SUPPORT}/Code/User/mcp.json`, `${ROAMING}\\Code\\User\\mcp.json`],
  codex: ['/home/me/.codex/config.toml', '/Users/me/.codex/config.toml', 'C:\\Users\\me\\.codex\\config.toml'],
  gemini: [
    '/home/me/.gemini/settings.json',
    '/Users/me/.gemini/settings.json',
    'C:\\Users\\me\\.gemini\\settings.json',
  ],
  opencode: [
    '/home/me/.config/opencode/opencode.json',
    '/Users/me/.config/opencode/opencode.json',
    'C:\\Users\\me\\.config\\opencode\\opencode.json',
  ],
  windsurf: [
    '/home/me/.codeium/windsurf/mcp_config.json',
    '/Users/me/.codeium/windsurf/mcp_config.json',
    'C:\\Users\\me\\.codeium\\windsurf\\mcp_config.json',
  ],
  zed: ['/home/me/.config/zed/settings.json', '/Users/me/.config/zed/settings.json', `${ROAMING}\\Zed\\settings.json`],
  cline: [
    '/home/me/.cline/data/settings/cline_mcp_settings.json',
    '/Users/me/.cline/data/settings/cline_mcp_settings.json',
    'C:\\Users\\me\\.cline\\data\\settings\\cline_mcp_settings.json',
  ],
};

test.each(CLIENT_NAMES)('the file of %s on Linux, macOS and Windows', (name) => {
  const usual = (machine: Machine): string | undefined =>
    clientOf(name)
      .files(machine)
      .find(({ ifThere }) => ifThere === undefined)?.path;
  expect([linux(), mac(), windows()].map(usual)).toEqual(FILES[name]);
});

describe('a variable of the client moves its file', () => {
  const rows: readonly { name: ClientName; machine: Machine; file: string }[] = [
    { name: 'claude-desktop', machine: linux({ XDG_CONFIG_HOME: '/x' }), file: '/x/Claude/claude_desktop_config.json' },
    {
      name: 'claude-desktop',
      machine: windows({ APPDATA: 'D:\\a' }),
      file: 'D:\\a\\Claude\\claude_desktop_config.json',
    },
    { name: 'claude-code', machine: mac({ CLAUDE_CONFIG_DIR: '/c' }), file: '/c/.claude.json' },
    { name: 'codex', machine: linux({ CODEX_HOME: '/c' }), file: '/c/config.toml' },
    { name: 'codex', machine: linux({ CODEX_HOME: ' ' }), file: '/home/me/.codex/config.toml' },
    { name: 'opencode', machine: mac({ XDG_CONFIG_HOME: '/x' }), file: '/x/opencode/opencode.json' },
    {
      name: 'zed',
      machine: linux({ FLATPAK_XDG_CONFIG_HOME: '/f', XDG_CONFIG_HOME: '/x' }),
      file: '/f/zed/settings.json',
    },
    { name: 'zed', machine: mac({ XDG_CONFIG_HOME: '/x' }), file: '/Users/me/.config/zed/settings.json' },
    { name: 'cline', machine: linux({ CLINE_DIR: '/c' }), file: '/c/data/settings/cline_mcp_settings.json' },
    { name: 'cline', machine: linux({ CLINE_DATA_DIR: '/d' }), file: '/d/settings/cline_mcp_settings.json' },
    { name: 'cline', machine: linux({ CLINE_MCP_SETTINGS_PATH: '/s.json' }), file: '/s.json' },
  ];

  test.each(rows)('$name: $file', ({ name, machine, file }) => {
    expect(clientOf(name).files(machine)).toContainEqual({ path: file });
  });
});

// anthropics/claude-code#26073, neon-solutions/add-mcp#114
test('the MSIX package of Claude Desktop has a file of its own', () => {
  const folder = 'C:\\Users\\me\\AppData\\Local\\Packages\\Claude_pzs8sxrjxfjjc';
  expect(clientOf('claude-desktop').files(windows())[0]).toEqual({
    path: `${folder}\\LocalCache\\Roaming\\Claude\\claude_desktop_config.json`,
    ifThere: folder,
  });
});

const LAUNCH = { command: 'node', args: ['main.js'], env: { THINKMETER_BASE_URL: 'http://h/v1' } };
const REFERENCES: Partial<Record<ClientName, string>> = {
  'claude-code': '${MY_KEY}',
  cursor: '${env:MY_KEY}',
  vscode: '${env:MY_KEY}',
  gemini: '${MY_KEY}',
  opencode: '{env:MY_KEY}',
  windsurf: '${env:MY_KEY}',
  cline: '${env:MY_KEY}',
};

describe('a key in a variable', () => {
  test.each(CLIENT_NAMES.filter((name) => REFERENCES[name] !== undefined))('%s gets its name', (name) => {
    const client = clientOf(name);
    expect(entryFor(client, LAUNCH, { THINKMETER_API_KEY: { variable: 'MY_KEY' } })[client.variables]).toEqual({
      ...LAUNCH.env,
      THINKMETER_API_KEY: REFERENCES[name],
    });
  });

  test('codex gets it in the list of variables that it passes on', () => {
    expect(entryFor(clientOf('codex'), LAUNCH, { THINKMETER_API_KEY: { variable: 'THINKMETER_API_KEY' } })).toEqual({
      ...LAUNCH,
      env_vars: ['THINKMETER_API_KEY'],
    });
  });

  test('claude-desktop and zed can only have its value', () => {
    const without = CLIENTS.filter(({ keyFrom }) => keyFrom === undefined).map(({ name }) => name);
    expect(without).toEqual(['claude-desktop', 'zed']);
    expect(entryFor(clientOf('zed'), LAUNCH, { THINKMETER_API_KEY: { value: 'sk' } })).toMatchObject({
      env: { THINKMETER_API_KEY: 'sk' },
    });
  });
});
