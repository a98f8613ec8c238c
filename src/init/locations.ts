/** Where programs keep their settings on the three platforms. Platform, home and environment come in as values. */
import { posix, win32 } from 'node:path';

export type Machine = {
  readonly platform: 'linux' | 'darwin' | 'win32';
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** the folder that `--project` means */
  readonly folder: string;
};

/** Joins with the separator of that platform. */
export function join({ platform }: Machine, ...parts: readonly string[]): string {
  return (platform === 'win32' ? win32 : posix).join(...parts);
}

export function dirname({ platform }: Machine, path: string): string {
  return (platform === 'win32' ? win32 : posix).dirname(path);
}

export function inHome(machine: Machine, ...parts: readonly string[]): string {
  return join(machine, machine.home, ...parts);
}

/** The folder that an environment variable names, else one in the home. */
export function folderOf(machine: Machine, variable: string, ...otherwise: readonly string[]): string {
  const named = machine.env[variable]?.trim() ?? '';
  return named === '' ? inHome(machine, ...otherwise) : named;
}

/** `$XDG_CONFIG_HOME`, else `~/.config`, on every platform. */
export function xdgConfig(machine: Machine): string {
  return folderOf(machine, 'XDG_CONFIG_HOME', '.config');
}

/**
 * Electron's `appData`: `%APPDATA%`, `~/Library/Application Support`, or `$XDG_CONFIG_HOME`
 * (electronjs.org/docs/latest/api/app, getPath).
 */
export function appData(machine: Machine): string {
  if (machine.platform === 'win32') return folderOf(machine, 'APPDATA', 'AppData', 'Roaming');
  if (machine.platform === 'darwin') return inHome(machine, 'Library', 'Application Support');
  return xdgConfig(machine);
}
