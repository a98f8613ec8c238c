/** Where the state file is. */
import { statSync } from 'node:fs';
import { join } from 'node:path';

/** `THINKMETER_STATE` for no file. */
export const IN_MEMORY = ':memory:';

const FILE = 'thinkmeter.db';

type Machine = {
  readonly platform: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
};

/** The folder in which each platform keeps a program's own data (XDG Base Directory, Apple, Microsoft). */
export function stateFolder({ platform, home, env }: Machine): string {
  if (platform === 'win32') return join(env['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local'), 'thinkmeter');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'thinkmeter');
  const state = env['XDG_STATE_HOME'];
  // a relative path is invalid there, and is ignored
  return join(state?.startsWith('/') === true ? state : join(home, '.local', 'state'), 'thinkmeter');
}

/** `setting`: a file, or an existing folder. undefined: keep nothing. */
export function stateFile(setting: string | undefined, folder: string): string | undefined {
  if (setting === IN_MEMORY) return undefined;
  if (setting === undefined) return join(folder, FILE);
  return statSync(setting, { throwIfNoEntry: false })?.isDirectory() === true ? join(setting, FILE) : setting;
}
