/** Reads the settings as clients hand them over. Problems are values, because the server reports them in its calls. */
import type * as z from 'zod';
import { WrongSettingsError } from '../errors.ts';
import { INVISIBLE, locate } from './characters.ts';
import { SETTINGS, type Setting, type SettingName } from './options.ts';
import { placeholderInside, wholePlaceholder } from './placeholder.ts';
import { unknownVariables } from './unknown-variables.ts';

/** Checked settings. What has no value and no default is absent. */
export type Config = {
  readonly [Name in SettingName]: (typeof SETTINGS)[Name]['initial'] extends ''
    ? z.output<(typeof SETTINGS)[Name]['check']> | undefined
    : z.output<(typeof SETTINGS)[Name]['check']>;
};

export type Flags = Partial<Record<SettingName, string>>;

type Environment = Readonly<Record<string, string | undefined>>;

/** Something about a setting that a person has to know: what it is, and what to do. Never contains a key. */
export type SettingNotice = { readonly what: string; readonly fix: string };

export type Settings = {
  /** a setting with a problem has its default */
  readonly config: Config;
  /** settings that cannot be used, all of them */
  readonly problems: readonly SettingNotice[];
  /** settings that are ignored or risky */
  readonly warnings: readonly SettingNotice[];
};

/**
 * Flags beat variables, variables beat defaults. Blanks and quotes around a value are removed; a blank value and a
 * placeholder count as absent.
 */
export function loadConfig(flags: Flags, env: Environment): Settings {
  const problems: SettingNotice[] = [];
  const warnings: SettingNotice[] = [];
  const read = ([name, setting]: [string, Setting]): [string, unknown] => {
    const initial = setting.initial === '' ? undefined : setting.check.parse(setting.initial);
    const given = find(setting, flags[name as SettingName], env, warnings);
    if (given === undefined) return [name, initial];
    const checked = check(given, setting);
    if ('value' in checked) return [name, checked.value];
    problems.push({
      what: checked.problem,
      fix: `correct or remove ${given.source}, then start thinkmeter again; thinkmeter --help lists the settings`,
    });
    return [name, initial];
  };
  const config = Object.fromEntries(Object.entries<Setting>(SETTINGS).map(read));
  for (const { name, meant } of unknownVariables(env)) {
    warnings.push({
      what: `${name} is not a setting of thinkmeter and has no effect`,
      fix:
        meant === undefined
          ? `remove ${name}; thinkmeter --help lists the settings`
          : `use ${meant.variable} (${meant.help})`,
    });
  }
  return { config: Object.freeze(config) as Config, problems, warnings };
}

/** One error for all problems. */
export function toError(problems: readonly SettingNotice[]): WrongSettingsError {
  const [first] = problems;
  const hint =
    problems.length === 1 && first !== undefined
      ? first.fix
      : 'correct or remove these settings, then start thinkmeter again; thinkmeter --help lists the settings';
  return new WrongSettingsError(problems.map(({ what }) => what).join('; '), { hint });
}

/** `text` is a part of `value`, the text as it was given. */
type Given = { readonly source: string; readonly value: string; readonly text: string };

/** The first source with a value. A placeholder is no value. */
function find(
  setting: Setting,
  flagged: string | undefined,
  env: Environment,
  warnings: SettingNotice[],
): Given | undefined {
  const sources = [
    { source: setting.flag, value: flagged ?? '' },
    { source: setting.variable, value: env[setting.variable] ?? '' },
  ];
  for (const { source, value } of sources) {
    const text = strip(value, setting.prefix);
    const placeholder = wholePlaceholder(text);
    if (placeholder !== undefined) {
      warnings.push({
        what: `${source} is the placeholder ${placeholder}, which was not replaced, so ${source} is ignored`,
        fix: `set ${source} to the value itself or remove it; if your client replaces placeholders, check the name`,
      });
    } else if (text !== '') return { source, value, text: withHome(text, setting, env) };
  }
  return undefined;
}

/** `docker run --env-file` keeps the quotes around a value (n3d1117/chatgpt-telegram-bot#170). */
const QUOTED = /^(?:"([^"]*)"|'([^']*)')$/;

/** Removes blanks and quotes around the value, and what may be in front of it. */
function strip(value: string, prefix: RegExp | undefined): string {
  return prefix === undefined ? unquoted(value) : unquoted(unquoted(value).replace(prefix, ''));
}

function unquoted(text: string): string {
  const [, double, single] = QUOTED.exec(text.trim()) ?? [];
  const inner = double ?? single;
  return inner === undefined ? text.trim() : unquoted(inner);
}

/** No shell reads the configuration of a client (microsoft/vscode#247076). */
function withHome(text: string, { isPath = false }: Setting, env: Environment): string {
  const home = env['HOME'] ?? env['USERPROFILE'];
  return isPath && home !== undefined && /^~[/\\]/.test(text) ? home + text.slice(1) : text;
}

function check({ source, value, text }: Given, setting: Setting): { value: unknown } | { problem: string } {
  const { isSecret = false, isFreeText = false, forbidden = INVISIBLE } = setting;
  if (!isFreeText) {
    const place = locate(forbidden, text, value);
    if (place !== undefined) return { problem: `${source} contains ${place}, which cannot be part of its value` };
    const placeholder = placeholderInside(text, isSecret);
    if (placeholder !== undefined) {
      return { problem: `${source} contains ${placeholder}, which is a placeholder that was not replaced` };
    }
  }
  const checked = setting.check.safeParse(text);
  if (checked.success) return { value: checked.data };
  const why = checked.error.issues.map(({ message }) => message).join(', ');
  return { problem: isSecret ? `${source} ${why}` : `${source} is ${shown(text)}: it ${why}` };
}

/** Beginnings of the keys of NVIDIA, OpenAI, Hugging Face and others. */
const KEY = /^(?:nvapi|sk|hf|gsk)[-_]/;

/** Short, and without passwords: some people put a key into the wrong variable. */
function shown(text: string): string {
  if (KEY.test(text)) return 'a key';
  const line = text.replaceAll(/\s+/g, ' ').replaceAll(/\/\/.*@/g, '//…@');
  return line.length > 60 ? `${line.slice(0, 60)}…` : line;
}
