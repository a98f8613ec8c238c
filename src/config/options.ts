/** Every setting, a row each: its flag, its variable, its check and its help. README's table is made from this one. */
import * as z from 'zod';
import { MECHANISMS_TO_FORCE } from '../budget/mechanism.ts';
import { USE_CASE } from '../budget/presets.ts';

const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;

/** Text from outside as a number; blank has been taken for absent before. */
const number = (check: z.ZodNumber) => z.string().transform(Number).pipe(check);
const useCases = Object.keys(USE_CASE) as [keyof typeof USE_CASE, ...(keyof typeof USE_CASE)[]];

export type Setting = {
  readonly flag: string;
  /** what stands for the value in the help */
  readonly value: string;
  readonly variable: string;
  readonly check: z.ZodType<unknown, string>;
  /** as shown */
  readonly initial: string;
  readonly help: string;
};

export const SETTINGS = {
  engine: {
    flag: '--engine',
    value: 'name',
    variable: 'THINKMETER_ENGINE',
    check: z.enum(['vllm', 'embedded', 'demo']),
    initial: 'vllm',
    help: 'vllm: a vLLM server or a relative of it; embedded: a model in this process; demo: the small model that comes along',
  },
  baseUrl: {
    flag: '--base-url',
    value: 'url',
    variable: 'THINKMETER_BASE_URL',
    check: z.string(),
    initial: '',
    help: 'where the server is, with or without /v1 (default: http://localhost:8000/v1, or what is found on this machine)',
  },
  apiKey: {
    flag: '--api-key',
    value: 'key',
    variable: 'THINKMETER_API_KEY',
    check: z.string(),
    initial: '',
    help: 'its key, sent to that address only; a variable is safer than a flag, which other users of the machine can read',
  },
  model: {
    flag: '--model',
    value: 'name',
    variable: 'THINKMETER_MODEL',
    check: z.string(),
    initial: '',
    help: 'vllm: a name that the server lists (default: its first); embedded: a folder or hub id',
  },
  tokenizer: {
    flag: '--tokenizer',
    value: 'name',
    variable: 'THINKMETER_TOKENIZER',
    check: z.string(),
    initial: '',
    help: "vllm: the served model's tokenizer, for servers that lend none: a folder with its tokenizer.json and tokenizer_config.json, or a hub id",
  },
  hub: {
    flag: '--hub',
    value: 'url',
    variable: 'THINKMETER_HUB',
    check: z.url({ protocol: /^https?$/, error: 'an address that begins with http:// or https:// is needed' }),
    initial: '',
    help: 'where hub ids are loaded from (default: the public hub of Hugging Face)',
  },
  dtype: {
    flag: '--dtype',
    value: 'format',
    variable: 'THINKMETER_DTYPE',
    check: z.string(),
    initial: '',
    help: 'embedded: number format, such as q8, q4, fp32 (default: what the folder holds; q8 from the hub)',
  },
  systemPrompt: {
    flag: '--system-prompt',
    value: 'text',
    variable: 'THINKMETER_SYSTEM_PROMPT',
    check: z.string(),
    initial: '',
    help: "added to every call's system text",
  },
  temperature: {
    flag: '--temperature',
    value: 'number',
    variable: 'THINKMETER_TEMPERATURE',
    check: number(z.number().min(0).max(2)),
    initial: '',
    help: "0 to 2, in the place of the model family's own; 0 is greedy",
  },
  topP: {
    flag: '--top-p',
    value: 'number',
    variable: 'THINKMETER_TOP_P',
    check: number(z.number().gt(0).max(1)),
    initial: '',
    help: "above 0, up to 1, in the place of the model family's own",
  },
  useCase: {
    flag: '--use-case',
    value: 'name',
    variable: 'THINKMETER_USE_CASE',
    check: z.enum(useCases),
    initial: '',
    help: "reason's default thinking budget: edge 128, chat 256, rag 512, copilot 1024 (else 512)",
  },
  mechanism: {
    flag: '--mechanism',
    value: 'name',
    variable: 'THINKMETER_MECHANISM',
    check: z.enum(MECHANISMS_TO_FORCE),
    initial: '',
    help: "who holds the budget: stream (thinkmeter's own cut), native (the server's own field) or two_call (default: what serves best, see README)",
  },
  concurrency: {
    flag: '--concurrency',
    value: 'count',
    variable: 'THINKMETER_CONCURRENCY',
    check: number(z.int().min(1).max(1024)),
    initial: '16',
    help: 'most runs at a time on a server; an embedded model takes one',
  },
  requestsPerMinute: {
    flag: '--requests-per-minute',
    value: 'count',
    variable: 'THINKMETER_REQUESTS_PER_MINUTE',
    check: number(z.int().min(1).max(100_000)),
    initial: '',
    help: 'most requests a minute, for a hosted service with a rate limit; a cut takes two, and one more to begin with',
  },
  maxSeconds: {
    flag: '--max-seconds',
    value: 'seconds',
    variable: 'THINKMETER_MAX_SECONDS',
    check: number(z.number().min(0).max(86_400)),
    initial: '45',
    help: "the default of max_seconds for MCP calls, 0 for none (ask's: none; many clients give up at 60)",
  },
  resourceLinks: {
    flag: '--resource-links',
    value: 'on|off',
    variable: 'THINKMETER_RESOURCE_LINKS',
    check: z.enum(['on', 'off']),
    initial: 'on',
    help: 'off leaves the link out of results (LangChain hands it to the model as a file, which most of its providers refuse)',
  },
  logLevel: {
    flag: '--log-level',
    value: 'level',
    variable: 'THINKMETER_LOG_LEVEL',
    check: z.enum(LOG_LEVELS),
    initial: 'warn',
    help: `${LOG_LEVELS.join(', ')}; to stderr`,
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;
