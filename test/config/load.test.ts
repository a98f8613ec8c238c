/** Settings: flags beat variables, variables beat defaults; what is wrong is told all at once, by its source. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadConfig, type Flags } from '../../src/config/load.ts';
import { SETTINGS, type Setting, type SettingName } from '../../src/config/options.ts';

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
  state: [
    ['/tmp/a.db', '/tmp/a.db'],
    [':memory:', ':memory:'],
  ],
  stateDays: [
    ['1', 1],
    ['365', 365],
  ],
  stateMb: [
    ['1', 1],
    ['5000', 5000],
  ],
  profile: [['math', 'math']],
  pricePrompt: [['0.05', 0.05]],
  priceThinking: [
    ['0', 0],
    ['.2', 0.2],
  ],
  priceAnswer: [['12', 12]],
  priceGpuHour: [['1.006', 1.006]],
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
  stateDays: 30,
  stateMb: 200,
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
      expect(loadConfig(flags, env)).toEqual({ config: expected, problems: [], warnings: [] });
    }),
  );
});

test('nothing set gives the defaults of the contract', () => {
  expect(loadConfig({}, {})).toEqual({ config: DEFAULTS, problems: [], warnings: [] });
});

test('settings cannot be changed', () => {
  expect(Object.isFrozen(loadConfig({}, {}).config)).toBe(true);
});

test('what is given is not touched', () => {
  const flags = Object.freeze({ engine: 'demo' });
  const env = Object.freeze({ THINKMETER_MODEL: 'm' });
  expect(loadConfig(flags, env).config).toMatchObject({ engine: 'demo', model: 'm' });
});

function problems(flags: Flags, env: Record<string, string>): string[] {
  return loadConfig(flags, env).problems.map(({ what }) => what);
}

const wrong: { name: SettingName; value: string; says: string }[] = [
  { name: 'engine', value: 'magic', says: 'vllm, embedded or demo' },
  {
    name: 'baseUrl',
    value: 'gpu-box',
    says: 'the http:// or https:// address of a server, such as http://localhost:8000/v1',
  },
  {
    name: 'baseUrl',
    value: 'ftp://gpu-box',
    says: 'the http:// or https:// address of a server, such as http://localhost:8000/v1',
  },
  { name: 'hub', value: 'hub.example', says: 'an address that begins with http:// or https://' },
  { name: 'temperature', value: 'hot', says: 'a number from 0 to 2' },
  { name: 'temperature', value: '2.1', says: 'a number from 0 to 2' },
  { name: 'temperature', value: '-1', says: 'a number from 0 to 2' },
  { name: 'temperature', value: '0,6', says: 'a number from 0 to 2' },
  { name: 'temperature', value: '0x1', says: 'a number from 0 to 2' },
  { name: 'topP', value: '0', says: 'a number above 0, at most 1' },
  { name: 'useCase', value: 'big', says: 'edge, chat, rag or copilot' },
  { name: 'mechanism', value: 'off', says: 'native, stream or two_call' },
  { name: 'concurrency', value: '0', says: 'a whole number from 1 to 1024' },
  { name: 'concurrency', value: '1.5', says: 'a whole number from 1 to 1024' },
  { name: 'requestsPerMinute', value: '40/min', says: 'a whole number from 1 to 100000' },
  { name: 'maxSeconds', value: 'Infinity', says: 'a number of seconds from 0 to 86400, without a unit' },
  { name: 'maxSeconds', value: '45s', says: 'a number of seconds from 0 to 86400, without a unit' },
  { name: 'maxSeconds', value: '45 seconds', says: 'a number of seconds from 0 to 86400, without a unit' },
  { name: 'resourceLinks', value: 'maybe', says: 'on or off' },
  { name: 'logLevel', value: 'loud', says: 'silent, error, warn, info or debug' },
];

describe('a problem is reported with its source, its value and the allowed values', () => {
  test.each(wrong)('$name as $value, from a flag', ({ name, value, says }) => {
    const expected = `${SETTINGS[name].flag} is ${value}: it must be ${says}`;
    expect(problems({ [name]: value }, {})).toEqual([expected]);
  });

  test.each(wrong)('$name as $value, from a variable; the setting then has its default', ({ name, value, says }) => {
    const { variable } = SETTINGS[name];
    const { config, problems: found } = loadConfig({}, { [variable]: value });
    expect(found.map(({ what }) => what)).toEqual([`${variable} is ${value}: it must be ${says}`]);
    expect(found[0]?.fix).toContain('--help');
    expect(config).toEqual(DEFAULTS);
  });
});

test('every problem is reported', () => {
  const found = problems({ engine: 'magic', topP: '7' }, { THINKMETER_LOG_LEVEL: 'loud', THINKMETER_MODEL: 'm' });
  expect(found.map((problem) => problem.split(' ')[0])).toEqual(['--engine', '--top-p', 'THINKMETER_LOG_LEVEL']);
});

test('no value of any setting is answered in the words of the schema library', () => {
  const texts = fc.oneof(fc.string(), fc.constantFrom('NaN', '-1', '1e999', 'true', '{}', '[]', 'http://', '💥'));
  fc.assert(
    fc.property(fc.constantFrom(...names), texts, (name, text) => {
      for (const { what } of loadConfig({ [name]: text }, {}).problems) {
        expect(what).toMatch(/: it (must be|contains) |^--[a-z-]+ (contains|consists) /);
        expect(what).not.toMatch(/expected|received|Invalid/);
      }
    }),
  );
});

test('a wrong variable does no harm where a flag is given', () => {
  expect(loadConfig({ engine: 'demo' }, { THINKMETER_ENGINE: 'magic' })).toEqual({
    config: { ...DEFAULTS, engine: 'demo' },
    problems: [],
    warnings: [],
  });
});

describe.each(Object.entries<Setting>(SETTINGS))('the setting %s', (_, { flag, variable, help, initial, check }) => {
  test('has a flag and a variable of the same name, a help text, and a default that is valid', () => {
    expect(flag).toMatch(/^--[a-z]+(-[a-z]+)*$/);
    expect(variable).toBe(`THINKMETER_${flag.slice(2).replaceAll('-', '_').toUpperCase()}`);
    expect(help.length).toBeGreaterThan(10);
    expect(initial === '' || check.safeParse(initial).success).toBe(true);
  });
});
