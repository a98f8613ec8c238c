/** The hosts that `npm run hosts:install` puts into `.hosts/`, which git ignores. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/program.ts';

export const HOST_NAMES = ['claude-code', 'codex', 'opencode', 'gemini'] as const;

export type HostName = (typeof HOST_NAMES)[number];

type Package = {
  readonly package: string;
  readonly version: string;
  /** the name of its program */
  readonly program: string;
  /** a script in its folder that puts the program of this platform in place; without it, the program does not start */
  readonly postinstall?: string;
};

/** Codex and Gemini CLI need no script: the one finds its platform's package by itself, the other is JavaScript. */
export const PACKAGES: Readonly<Record<HostName, Package>> = {
  'claude-code': {
    package: '@anthropic-ai/claude-code',
    version: '2.1.197',
    program: 'claude',
    postinstall: 'install.cjs',
  },
  codex: { package: '@openai/codex', version: '0.171.0', program: 'codex' },
  opencode: { package: 'opencode-ai', version: '1.18.33', program: 'opencode', postinstall: 'postinstall.mjs' },
  gemini: { package: '@google/gemini-cli', version: '0.61.0', program: 'gemini' },
};

export const hostsFolder = join(ROOT, '.hosts');

export function folderOfHost(name: HostName): string {
  return join(hostsFolder, 'node_modules', PACKAGES[name].package);
}

export function programOfHost(name: HostName): string {
  return join(hostsFolder, 'node_modules', '.bin', PACKAGES[name].program);
}

/** Written behind a host's last step. */
export function stampOfHost(name: HostName): string {
  return join(hostsFolder, `${name}.installed`);
}

/** In the version of the table, and with its script run. */
export function isHostInstalled(name: HostName): boolean {
  const stamp = stampOfHost(name);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === PACKAGES[name].version;
}
