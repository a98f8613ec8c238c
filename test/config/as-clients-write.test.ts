/** Settings as clients, `.env` files and people really write them. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadConfig, type Config } from '../../src/config/load.ts';

/** The settings that differ from the defaults, with neither problem nor warning. */
function understood(env: Record<string, string>): Partial<Config> {
  const { config, problems, warnings } = loadConfig({}, env);
  expect({ problems, warnings }).toEqual({ problems: [], warnings: [] });
  const defaults = Object.entries(loadConfig({}, {}).config);
  return Object.fromEntries(
    Object.entries(config).filter(
      ([name, value]) => !defaults.some(([other, same]) => other === name && same === value),
    ),
  );
}

const spellings: { name: string; env: Record<string, string>; config: Partial<Config> }[] = [
  // benborla/mcp-server-mysql#74: the server ended before the handshake
  { name: 'VLLM', env: { THINKMETER_ENGINE: 'VLLM' }, config: {} },
  { name: 'Demo', env: { THINKMETER_ENGINE: 'Demo' }, config: { engine: 'demo' } },
  { name: 'Edge', env: { THINKMETER_USE_CASE: 'Edge' }, config: { useCase: 'edge' } },
  { name: 'Two-Call', env: { THINKMETER_MECHANISM: 'Two-Call' }, config: { mechanism: 'two_call' } },
  { name: 'INFO', env: { THINKMETER_LOG_LEVEL: 'INFO' }, config: { logLevel: 'info' } },
  { name: 'warning', env: { THINKMETER_LOG_LEVEL: 'warning' }, config: {} },
  { name: 'trace', env: { THINKMETER_LOG_LEVEL: 'trace' }, config: { logLevel: 'debug' } },
  { name: 'off, of a log level', env: { THINKMETER_LOG_LEVEL: 'off' }, config: { logLevel: 'silent' } },
  ...['false', 'False', '0', 'no', 'off', 'OFF', 'disabled'].map((text) => ({
    name: `${text}, of a switch`,
    env: { THINKMETER_RESOURCE_LINKS: text },
    config: { resourceLinks: 'off' } as const,
  })),
  ...['true', '1', 'yes', 'On', 'enabled'].map((text) => ({
    name: `${text}, of a switch`,
    env: { THINKMETER_RESOURCE_LINKS: text },
    config: {},
  })),
  { name: 'a number with blanks', env: { THINKMETER_MAX_SECONDS: ' 30 ' }, config: { maxSeconds: 30 } },
  { name: 'a number as others write it', env: { THINKMETER_TEMPERATURE: '.5' }, config: { temperature: 0.5 } },
  { name: 'a whole number with a point', env: { THINKMETER_CONCURRENCY: '4.0' }, config: { concurrency: 4 } },
  // docker run --env-file keeps quotes: n3d1117/chatgpt-telegram-bot#170, topoteretes/cognee#1750
  { name: 'a number in quotes', env: { THINKMETER_MAX_SECONDS: '"30"' }, config: { maxSeconds: 30 } },
  { name: 'a word in quotes', env: { THINKMETER_ENGINE: "'demo'" }, config: { engine: 'demo' } },
  { name: 'a key in quotes', env: { THINKMETER_API_KEY: '" nvapi-abc "' }, config: { apiKey: 'nvapi-abc' } },
  { name: 'nothing in quotes', env: { THINKMETER_MODEL: '""' }, config: {} },
  {
    name: 'two quoted words, whose quotes are part of the text',
    env: { THINKMETER_SYSTEM_PROMPT: '"yes" or "no"' },
    config: { systemPrompt: '"yes" or "no"' },
  },
  // gitroomhq/postiz-app#1990 and others: the header pasted whole
  { name: 'a key after Bearer', env: { THINKMETER_API_KEY: 'Bearer nvapi-abc' }, config: { apiKey: 'nvapi-abc' } },
  {
    name: 'a key as a header',
    env: { THINKMETER_API_KEY: 'Authorization: bearer "nvapi-abc"' },
    config: { apiKey: 'nvapi-abc' },
  },
  { name: 'Bearer without a key', env: { THINKMETER_API_KEY: 'Bearer ' }, config: {} },
  { name: 'a key that begins like Bearer', env: { THINKMETER_API_KEY: 'bearer7' }, config: { apiKey: 'bearer7' } },
  // a file with Windows line ends: leonbreukelman/smactorio#163, opendev-to/opendev#6
  { name: 'a key with a carriage return', env: { THINKMETER_API_KEY: 'nvapi-abc\r' }, config: { apiKey: 'nvapi-abc' } },
  // microsoft/vscode#247076, anthropics/claude-code#37580: no shell reads a client's configuration
  {
    name: 'a path from the home folder',
    env: { THINKMETER_MODEL: '~/models/a', HOME: '/home/ada' },
    config: { model: '/home/ada/models/a' },
  },
  {
    name: 'the same on Windows',
    env: { THINKMETER_TOKENIZER: '~\\tokenizers', USERPROFILE: 'C:\\Users\\ada' },
    config: { tokenizer: 'C:\\Users\\ada\\tokenizers' },
  },
  {
    name: 'emoji and joiners in a text for the model',
    env: { THINKMETER_SYSTEM_PROMPT: '👩‍💻 fill in {{name}} and ${TOTAL}' },
    config: { systemPrompt: '👩‍💻 fill in {{name}} and ${TOTAL}' },
  },
];

test.each(spellings)('$name is understood', ({ env, config }) => {
  expect(understood(env)).toEqual(config);
});

const addresses = [
  // a folder of a gateway may have such a name
  ['https://gateway.example/models', 'https://gateway.example/models'],
  // crewAIInc/crewAI#7205, langchain-ai/langchain#33986: an address without a scheme
  ['localhost:8000', 'http://localhost:8000'],
  ['gpu-box:8000/v1', 'http://gpu-box:8000/v1'],
  ['192.168.1.5:8000', 'http://192.168.1.5:8000'],
  ['[::1]:8000', 'http://[::1]:8000'],
  ['llm.example:443', 'https://llm.example'],
  // yusufcanb/tlm#39, ollama/ollama-python#471: the address that a server prints is none for a client on Windows
  ['http://0.0.0.0:8000/v1', 'http://127.0.0.1:8000/v1'],
  ['0.0.0.0:8000', 'http://127.0.0.1:8000'],
  ['http://[::]:8000', 'http://[::1]:8000'],
  ['HTTP://GPU-Box:8000/V1', 'http://gpu-box:8000/V1'],
] as const;

test.each(addresses)('the address %s is used as %s', (given, used) => {
  expect(understood({ THINKMETER_BASE_URL: given })).toEqual({ baseUrl: used });
});

const KEY = 'nvapi-abc';

describe('a character that no key has is reported by its place, without the key', () => {
  const keys = [
    // google-gemini/gemini-cli#4915, cline/cline#4004: a key copied from a chat
    { key: 'nvapi-\u200Babc', says: 'U+200B (a zero-width space) at position 7' },
    { key: '\u200Bnvapi-abc', says: 'U+200B (a zero-width space) at position 1' },
    { key: 'nvapi-abc\uFEFF\u200B', says: 'U+FEFF (a byte order mark) at position 10' },
    // langchain-ai/langchain#27365: from a word processor
    { key: '\u201Cnvapi-abc\u201D', says: 'U+201C (a curly quote) at position 1' },
    { key: 'nvapi\u2013abc', says: 'U+2013 at position 6' },
    // openai-php/client#82
    { key: 'nvapi-abc\ndef', says: 'U+000A (a line end) at position 10' },
    // RooCodeInc/Roo-Code#7483: the dots that a password field shows
    { key: '\u2022\u2022\u2022\u2022', says: 'U+2022 (a bullet) at position 1' },
    { key: 'nvapi-abc…', says: 'U+2026 (an ellipsis) at position 10' },
    { key: 'nvapi-äbc', says: 'U+00E4 at position 7' },
    { key: 'nvapi-💥abc', says: 'U+1F4A5 at position 7' },
    // the place in the text as it was given, not in the key
    { key: '  "Bearer nvapi-\u200Babc"', says: 'U+200B (a zero-width space) at position 17' },
  ];

  test.each(keys)('$says', ({ key, says }) => {
    const { config, problems } = loadConfig({}, { THINKMETER_API_KEY: key });
    expect(problems.map(({ what }) => what)).toEqual([
      `THINKMETER_API_KEY contains ${says}, which cannot be part of its value`,
    ]);
    expect(JSON.stringify(problems)).not.toMatch(/nvapi|abc/);
    expect(config.apiKey).toBeUndefined();
  });

  test('asterisks are not a key', () => {
    const { problems } = loadConfig({}, { THINKMETER_API_KEY: '********' });
    expect(problems.map(({ what }) => what)).toEqual([
      'THINKMETER_API_KEY consists of asterisks, which stand for a hidden key',
    ]);
  });

  test('a key in another variable is not shown', () => {
    const { problems } = loadConfig({}, { THINKMETER_TEMPERATURE: KEY });
    expect(problems.map(({ what }) => what)).toEqual([
      'THINKMETER_TEMPERATURE is a key: it must be a number from 0 to 2',
    ]);
  });
});

test.each(['THINKMETER_MODEL', 'THINKMETER_BASE_URL', 'THINKMETER_ENGINE', 'THINKMETER_MAX_SECONDS'])(
  'an invisible character in %s is named, because the value looks right',
  (variable) => {
    const { problems } = loadConfig({}, { [variable]: 'a\u200Bb' });
    expect(problems.map(({ what }) => what)).toEqual([
      `${variable} contains U+200B (a zero-width space) at position 2, which cannot be part of its value`,
    ]);
  },
);

const aKey = fc.stringMatching(/^k-[\w.~+/=-]{8,80}$/);
const dressing = fc.constantFrom(
  (text: string) => text,
  (text: string) => ` ${text}\r\n`,
  (text: string) => `"${text}"`,
  (text: string) => `' ${text} '`,
  // quoted for a shell, and again for a file
  (text: string) => `'"${text}"'`,
);
const scheme = fc.constantFrom('', 'Bearer ', 'bearer  ', 'Authorization: Bearer ');

test('a key is the same in every dressing', () => {
  fc.assert(
    fc.property(aKey, dressing, scheme, fc.boolean(), (key, dress, begins, isInside) => {
      const given = isInside ? begins + dress(key) : dress(begins + key);
      expect(understood({ THINKMETER_API_KEY: given })).toEqual({ apiKey: key });
    }),
  );
});

test('a forbidden character anywhere in a key is reported by its place, and the key never', () => {
  const forbidden = fc.oneof(
    fc.constantFrom('\u200B', '\u201C', '\u2022', '\n', '\t', '\u0000'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }).filter((one) => (one.codePointAt(0) ?? 0) > 0x7e),
  );
  fc.assert(
    fc.property(aKey, forbidden, fc.nat(), (key, character, anywhere) => {
      const at = 1 + (anywhere % (key.length - 1));
      const { config, problems } = loadConfig({ apiKey: key.slice(0, at) + character + key.slice(at) }, {});
      expect(config.apiKey).toBeUndefined();
      expect(problems.map(({ what }) => what)).toEqual([expect.stringMatching(`position ${at + 1}, `)]);
      expect(JSON.stringify(problems)).not.toContain(key.slice(2));
    }),
  );
});

const cased = (words: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom(...words), fc.nat())
    .map(([one, mask]) =>
      Array.from(one, (letter, index) => ((mask >> index) % 2 === 1 ? letter.toUpperCase() : letter)).join(''),
    );

test('a word is the same in every letter case, and a number is its value', () => {
  fc.assert(
    fc.property(
      cased(['edge', 'chat', 'rag', 'copilot']),
      fc.double({ min: 0, max: 2, noNaN: true }),
      fc.integer({ min: 1, max: 1024 }),
      (useCase, temperature, concurrency) => {
        const { config, problems } = loadConfig(
          { useCase, temperature: String(temperature), concurrency: ` '${concurrency}'` },
          {},
        );
        expect({ ...config, problems }).toMatchObject({
          useCase: useCase.toLowerCase(),
          temperature: Number(String(temperature)),
          concurrency,
          problems: [],
        });
      },
    ),
  );
});
