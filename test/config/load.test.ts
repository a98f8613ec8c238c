/** Settings: flags beat variables, variables beat defaults; what is wrong is told all at once, by its source. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadConfig, type Flags } from '../../src/config/load.ts';
import { SETTINGS, type Setting, type SettingName } from '../../src/config/options.ts';
import { ConfigError } from '../../src/errors.ts';

const names = Object.keys(SETTINGS) as SettingName[];

/** Two values of every setting, as text and as checked. */
const VALUES: Readonly<Record<SettingName, readonly (readonly [text: string, value: unknown])[]>> = {
  engine: [
    ['embedded', 'embedded'],
    ['demo', 'demo'],
  ],
  baseUrl: [
    ['http://a:1', 'http://a:1'],
    ['https://b/v1', 'https://b/v1'],
  ],
  apiKey: [
    ['k1', 'k1'],
    ['k2', 'k2'],
  ],
  headers: [
    ['X-Api-Key: a', 'X-Api-Key: a'],
    ['A: 1\nB: 2', 'A: 1\nB: 2'],
  ],
  sessionHeader: [
    ['X-User-Id', 'X-User-Id'],
    ['x-key', 'x-key'],
  ],
  model: [
    ['m1', 'm1'],
    ['org/m2', 'org/m2'],
  ],
  tokenizer: [
    ['models/a', 'models/a'],
    ['/b', '/b'],
  ],
  hub: [
    ['https://hub.example', 'https://hub.example'],
    ['http://127.0.0.1:9000/', 'http://127.0.0.1:9000/'],
  ],
  dtype: [
    ['q4', 'q4'],
    ['fp32', 'fp32'],
  ],
  systemPrompt: [
    ['Be brief.', 'Be brief.'],
    ['0', '0'],
  ],
  temperature: [
    ['0', 0],
    ['0.6', 0.6],
  ],
  topP: [
    ['0.95', 0.95],
    ['1', 1],
  ],
  useCase: [
    ['edge', 'edge'],
    ['copilot', 'copilot'],
  ],
  mechanism: [
    ['native', 'native'],
    ['two_call', 'two_call'],
  ],
  concurrency: [
    ['1', 1],
    ['1024', 1024],
  ],
  requestsPerMinute: [
    ['40', 40],
    ['1', 1],
  ],
  maxSeconds: [
    ['0', 0],
    ['0.5', 0.5],
  ],
  resourceLinks: [
    ['off', 'off'],
    ['on', 'on'],
  ],
  logLevel: [
    ['debug', 'debug'],
    ['silent', 'silent'],
  ],
};

const DEFAULTS: Readonly<Partial<Record<SettingName, unknown>>> = {
  engine: 'vllm',
  concurrency: 16,
  maxSeconds: 45,
  resourceLinks: 'on',
  logLevel: 'warn',
};

function sources(name: SettingName): fc.Arbitrary<{ flag: string | undefined; variable: string | undefined }> {
  const text = fc.constantFrom(
    undefined,
    '',
    '  ',
    ...VALUES[name].map(([value]) => value),
    ` ${VALUES[name][0]?.[0]} `,
  );
  return fc.record({ flag: text, variable: text });
}

function valueOf(name: SettingName, text: string | undefined): unknown {
  return VALUES[name].find(([given]) => given === text?.trim())?.[1];
}

test('a flag beats a variable, a variable beats the default, and blank is absent', () => {
  const everything = fc.record(Object.fromEntries(names.map((name) => [name, sources(name)])));
  fc.assert(
    fc.property(everything, (given) => {
      const flags: Flags = {};
      const env: Record<string, string | undefined> = { PATH: '/bin' };
      const expected: Record<string, unknown> = {};
      for (const name of names) {
        const { flag, variable } = given[name] ?? { flag: undefined, variable: undefined };
        if (flag !== undefined) flags[name] = flag;
        env[SETTINGS[name].variable] = variable;
        expected[name] = valueOf(name, flag) ?? valueOf(name, variable) ?? DEFAULTS[name];
      }
      expect(loadConfig(flags, env)).toEqual(expected);
    }),
  );
});

test('nothing set gives the defaults of the contract', () => {
  expect(loadConfig({}, {})).toEqual(DEFAULTS);
});

test('settings cannot be changed', () => {
  expect(Object.isFrozen(loadConfig({}, {}))).toBe(true);
});

test('what is given is not touched', () => {
  const flags = Object.freeze({ engine: 'demo' });
  const env = Object.freeze({ THINKMETER_MODEL: 'm' });
  expect(loadConfig(flags, env)).toMatchObject({ engine: 'demo', model: 'm' });
});

function problems(flags: Flags, env: Record<string, string>): ConfigError {
  try {
    loadConfig(flags, env);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('there was no problem');
}

const wrong: { name: SettingName; value: string; says: RegExp }[] = [
  { name: 'engine', value: 'magic', says: /vllm/ },
  { name: 'temperature', value: 'hot', says: /number/ },
  { name: 'temperature', value: '2.1', says: /2/ },
  { name: 'temperature', value: '-1', says: /0/ },
  { name: 'topP', value: '0', says: />0/ },
  { name: 'useCase', value: 'big', says: /edge/ },
  { name: 'concurrency', value: '0', says: /1/ },
  { name: 'concurrency', value: '1.5', says: /int/ },
  { name: 'maxSeconds', value: 'Infinity', says: /number/ },
  { name: 'logLevel', value: 'loud', says: /debug/ },
];

describe('a problem is told with its source, its value and what is expected', () => {
  test.each(wrong)('$name as $value, from a flag', ({ name, value, says }) => {
    const { message } = problems({ [name]: value }, {});
    expect(message).toContain(`${SETTINGS[name].flag} is ${value}`);
    expect(message).toMatch(says);
  });

  test.each(wrong)('$name as $value, from a variable', ({ name, value }) => {
    const { message, hint } = problems({}, { [SETTINGS[name].variable]: value });
    expect(message).toContain(`${SETTINGS[name].variable} is ${value}`);
    expect(hint).toContain('--help');
  });
});

test('every problem is in the one error', () => {
  const { message } = problems({ engine: 'magic', topP: '7' }, { THINKMETER_LOG_LEVEL: 'loud', THINKMETER_MODEL: 'm' });
  expect(message.split('; ').map((problem) => problem.split(' ')[0])).toEqual([
    '--engine',
    '--top-p',
    'THINKMETER_LOG_LEVEL',
  ]);
});

test('a wrong variable does no harm where a flag is given', () => {
  expect(loadConfig({ engine: 'demo' }, { THINKMETER_ENGINE: 'magic' }).engine).toBe('demo');
});

describe.each(Object.entries<Setting>(SETTINGS))('the setting %s', (_, { flag, variable, help, initial, check }) => {
  test('has a flag and a variable of the same name, a help text, and a default that is valid', () => {
    expect(flag).toMatch(/^--[a-z]+(-[a-z]+)*$/);
    expect(variable).toBe(`THINKMETER_${flag.slice(2).replaceAll('-', '_').toUpperCase()}`);
    expect(help.length).toBeGreaterThan(10);
    expect(initial === '' || check.safeParse(initial).success).toBe(true);
  });
});
