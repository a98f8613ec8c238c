/** Variables that are named like settings and are none. Without a warning, a misspelt variable has silently no effect. */
import { editDistance } from '../edit-distance.ts';
import { SETTINGS, type Setting } from './options.ts';

const PREFIX = /^thinkmeter[_-]/i;

/** Kubernetes adds these for a service named `thinkmeter` (cbcoutinho/nextcloud-mcp-server#1216). */
const FROM_KUBERNETES = /^THINKMETER(?:_[A-Z\d_]+)?_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_\w+)?)$/;

/** Other names for the same things, without their prefix and their underscores. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  THINKMETER_ENGINE: ['backend', 'provider', 'mode'],
  THINKMETER_BASE_URL: ['url', 'uri', 'endpoint', 'host', 'server', 'address', 'apibase', 'apihost'],
  THINKMETER_API_KEY: ['key', 'token', 'secret', 'bearer', 'apitoken'],
  THINKMETER_DTYPE: ['quantization', 'precision'],
  THINKMETER_SYSTEM_PROMPT: ['prompt', 'system', 'instructions'],
  THINKMETER_USE_CASE: ['budget', 'thinkingbudget', 'defaultbudget', 'preset'],
  THINKMETER_CONCURRENCY: ['parallel', 'workers', 'maxparallel'],
  THINKMETER_REQUESTS_PER_MINUTE: ['rpm', 'ratelimit'],
  THINKMETER_MAX_SECONDS: ['timeout', 'deadline', 'timelimit'],
  THINKMETER_LOG_LEVEL: ['log', 'debug', 'verbose'],
};

const MOST_EDITS = 2;

export type UnknownVariable = { readonly name: string; /** absent: it resembles none */ readonly meant?: Setting };

export function unknownVariables(env: Readonly<Record<string, string | undefined>>): UnknownVariable[] {
  const settings = Object.values<Setting>(SETTINGS);
  const names = new Set(settings.map(({ variable }) => variable));
  const isUnknown = (name: string): boolean => {
    const upper = name.toUpperCase();
    // on Windows, names of variables have no letter case: this one is read
    const isRead = names.has(upper) && env[upper] === env[name];
    return PREFIX.test(name) && (env[name] ?? '').trim() !== '' && !isRead && !FROM_KUBERNETES.test(name);
  };
  return Object.keys(env)
    .filter(isUnknown)
    .map((name) => {
      const meant = resembled(name, settings);
      return meant === undefined ? { name } : { name, meant };
    });
}

function resembled(name: string, settings: readonly Setting[]): Setting | undefined {
  const words = wordsOf(name);
  const joined = words.join('');
  const rules: readonly ((setting: Setting) => boolean)[] = [
    ({ variable }) => wordsOf(variable).join('') === joined,
    ({ variable }) => OTHER_NAMES[variable]?.includes(joined) === true,
    ({ variable }) => isNear(joined, wordsOf(variable).join('')),
    ({ variable }) => wordsOf(variable).every((one) => words.includes(one)),
    ({ variable }) => words.length > 0 && words.every((one) => wordsOf(variable).includes(one)),
  ];
  return rules.map((rule) => settings.find(rule)).find((setting) => setting !== undefined);
}

function wordsOf(name: string): string[] {
  return name
    .replace(PREFIX, '')
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter((one) => one !== '');
}

function isNear(given: string, right: string): boolean {
  return editDistance(given, right, { exchanges: false }) <= Math.min(MOST_EDITS, Math.ceil(right.length / 3));
}
