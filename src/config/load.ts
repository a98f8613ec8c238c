import type * as z from 'zod';
import { ConfigError } from '../errors.ts';
import { SETTINGS, type Setting, type SettingName } from './options.ts';

/** Checked settings. What has no value and no default is absent. */
export type Config = {
  readonly [Name in SettingName]: (typeof SETTINGS)[Name]['initial'] extends ''
    ? z.output<(typeof SETTINGS)[Name]['check']> | undefined
    : z.output<(typeof SETTINGS)[Name]['check']>;
};

export type Flags = Partial<Record<SettingName, string>>;

/**
 * Flags beat variables, variables beat defaults; blank is absent.
 * @throws {ConfigError} one, naming every problem by its flag or variable
 */
export function loadConfig(flags: Flags, env: Readonly<Record<string, string | undefined>>): Config {
  const problems: string[] = [];
  const read = ([name, setting]: [string, Setting]): [string, unknown] => {
    const { source, text } = find(setting, flags[name as SettingName], env);
    if (text === '') return [name, undefined];
    const checked = setting.check.safeParse(text);
    if (!checked.success) problems.push(`${source} is ${text}: ${toWords(checked.error)}`);
    return [name, checked.data];
  };
  const config = Object.fromEntries(Object.entries<Setting>(SETTINGS).map(read));
  if (problems.length > 0) throw new ConfigError(problems.join('; '), { hint: 'thinkmeter --help lists the settings' });
  return Object.freeze(config) as Config;
}

function find(
  { flag, variable, initial }: Setting,
  given: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): { source: string; text: string } {
  const flagged = given?.trim() ?? '';
  if (flagged !== '') return { source: flag, text: flagged };
  const set = env[variable]?.trim() ?? '';
  return set === '' ? { source: 'the default', text: initial } : { source: variable, text: set };
}

function toWords(error: z.ZodError): string {
  return error.issues
    .map(({ message }) => message.replace(/^(Invalid (input|option)|Too (big|small)): /, ''))
    .join(', ');
}
