/** Where the state file is. */
import { statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

/** `THINKMETER_STATE` for no file. */
export const IN_MEMORY = ':memory:';

const FILE = 'thinkmeter.db';

/** `path` is undefined: keep nothing, because a setting says so, or because of `problem`. */
export type StatePlace = { readonly path: string | undefined; readonly problem?: string };

type Machine = {
  readonly platform: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
};

/**
 * The folder in which each platform keeps a program's own data (XDG Base Directory, Apple, Microsoft). undefined: that
 * is below the home folder, which is not known.
 */
export function stateFolder({ platform, home, env }: Machine): string | undefined {
  const folder = dataFolder({ platform, home, env });
  // with an empty HOME it would be in the current folder
  return isAbsolute(folder) ? join(folder, 'thinkmeter') : undefined;
}

function dataFolder({ platform, home, env }: Machine): string {
  if (platform === 'win32') return env['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support');
  const state = env['XDG_STATE_HOME'];
  // a relative path is invalid there, and is ignored
  return state?.startsWith('/') === true ? state : join(home, '.local', 'state');
}

/** `setting`: a file, or an existing folder. */
export function stateFile(setting: string | undefined, folder: string | undefined): StatePlace {
  if (setting === IN_MEMORY) return { path: undefined };
  if (setting !== undefined) return { path: isFolder(setting) ? join(setting, FILE) : setting };
  if (folder !== undefined) return { path: join(folder, FILE) };
  return { path: undefined, problem: 'no home folder is known for the state file' };
}

/** Whatever else is wrong with the path is found when the file is opened. */
function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
