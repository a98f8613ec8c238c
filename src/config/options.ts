/** Every setting, a row each: its flag, its variable, its check and its help. docs/settings.md is made from this one. */
import * as z from 'zod';
import { MECHANISMS_TO_FORCE } from '../budget/mechanism.ts';
import { USE_CASE } from '../budget/presets.ts';
import { baseUrl } from './base-url.ts';
import { NOT_IN_A_HEADER } from './characters.ts';
import { key, number, onOff, word } from './values.ts';

const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;

const useCases = Object.keys(USE_CASE) as [keyof typeof USE_CASE, ...(keyof typeof USE_CASE)[]];

export type Setting = {
  readonly flag: string;
  /** what stands for the value in the help */
  readonly value: string;
  readonly variable: string;
  /** reads the text; its messages continue the sentence "NAME is VALUE: it …" */
  readonly check: z.ZodType<unknown, string>;
  /** as shown */
  readonly initial: string;
  readonly help: string;
  /** the value is in no message */
  readonly isSecret?: boolean;
  /** text for the model: any character and anything that looks like a placeholder is meant as it is */
  readonly isFreeText?: boolean;
  /** a path may begin with `~/` */
  readonly isPath?: boolean;
  /** characters that the value cannot contain; default: invisible ones */
  readonly forbidden?: RegExp;
  /** may stand in front of the value, and is removed */
  readonly prefix?: RegExp;
};

/** In any unit: costs are shown in the same one. */
function price<Flag extends string, Variable extends string>(flag: Flag, variable: Variable, help: string) {
  const check = number({ from: 0, to: 1_000_000, of: 'money' });
  return { flag, value: 'price', variable, check, initial: '', help } as const;
}

export const SETTINGS = {
  engine: {
    flag: '--engine',
    value: 'name',
    variable: 'THINKMETER_ENGINE',
    check: word(['vllm', 'embedded', 'demo']),
    initial: 'vllm',
    help: 'vllm: a vLLM server or another supported server; embedded: a model in this process; demo: the small bundled model',
  },
  baseUrl: {
    flag: '--base-url',
    value: 'url',
    variable: 'THINKMETER_BASE_URL',
    check: baseUrl,
    initial: '',
    help: 'address of the server, with or without /v1 (default: http://localhost:8000/v1, or a server found on this machine)',
  },
  apiKey: {
    flag: '--api-key',
    value: 'key',
    variable: 'THINKMETER_API_KEY',
    check: key,
    isSecret: true,
    forbidden: NOT_IN_A_HEADER,
    prefix: /^(?:authorization:\s*)?bearer(?:\s+|$)/i,
    initial: '',
    help: 'API key of the server, sent to that address only; prefer the variable, because other users of the machine can read a flag',
  },
  headers: {
    flag: '--headers',
    value: 'lines',
    variable: 'THINKMETER_HEADERS',
    check: z.string(),
    isSecret: true,
    initial: '',
    help: 'HTTP headers for a gateway, lines of "Name: value" (or separated by \\n), sent to that address only; Authorization replaces the key; prefer the variable, as for the key',
  },
  sessionHeader: {
    flag: '--session-header',
    value: 'name',
    variable: 'THINKMETER_SESSION_HEADER',
    check: z.string(),
    initial: '',
    help: "one more header that carries the run's id, for a router in front of several servers (always sent: X-Session-ID and X-SMG-Routing-Key)",
  },
  model: {
    flag: '--model',
    value: 'name',
    variable: 'THINKMETER_MODEL',
    check: z.string(),
    isPath: true,
    initial: '',
    help: 'vllm: a model that the server lists (default: a Nemotron, else a loaded chat model); embedded: a folder or hub id',
  },
  tokenizer: {
    flag: '--tokenizer',
    value: 'name',
    variable: 'THINKMETER_TOKENIZER',
    check: z.string(),
    isPath: true,
    initial: '',
    help: "vllm: the served model's tokenizer, for servers without tokenizer endpoints: a folder with tokenizer.json and tokenizer_config.json, or a hub id",
  },
  hub: {
    flag: '--hub',
    value: 'url',
    variable: 'THINKMETER_HUB',
    check: z.url({ protocol: /^https?$/, error: 'must be an address that begins with http:// or https://' }),
    initial: '',
    help: 'address that hub ids are loaded from (default: the public Hugging Face hub)',
  },
  dtype: {
    flag: '--dtype',
    value: 'format',
    variable: 'THINKMETER_DTYPE',
    check: z.string(),
    initial: '',
    help: 'embedded: number format, such as q8, q4, fp32 (default: the format in the folder; q8 from the hub)',
  },
  systemPrompt: {
    flag: '--system-prompt',
    value: 'text',
    variable: 'THINKMETER_SYSTEM_PROMPT',
    check: z.string(),
    isFreeText: true,
    initial: '',
    help: 'text added to the system message of every call',
  },
  temperature: {
    flag: '--temperature',
    value: 'number',
    variable: 'THINKMETER_TEMPERATURE',
    check: number({ from: 0, to: 2 }),
    initial: '',
    help: "0 to 2, instead of the model family's own value; 0 is greedy",
  },
  topP: {
    flag: '--top-p',
    value: 'number',
    variable: 'THINKMETER_TOP_P',
    check: number({ from: 0, to: 1, above: true }),
    initial: '',
    help: "above 0, at most 1, instead of the model family's own value",
  },
  useCase: {
    flag: '--use-case',
    value: 'name',
    variable: 'THINKMETER_USE_CASE',
    check: word(useCases),
    initial: '',
    help: 'default thinking budget of reason: edge 128, chat 256, rag 512, copilot 1024 (512 if not set)',
  },
  profile: {
    flag: '--profile',
    value: 'name',
    variable: 'THINKMETER_PROFILE',
    check: z.string(),
    initial: '',
    help: 'profile made by tune_budget or thinkmeter tune; its budget is the default of reason, analyze_batch and execute_step',
  },
  mechanism: {
    flag: '--mechanism',
    value: 'name',
    variable: 'THINKMETER_MECHANISM',
    check: word(MECHANISMS_TO_FORCE),
    initial: '',
    help: "what enforces the budget: stream (thinkmeter cuts the stream), native (the server's own budget) or two_call (a capped first request) (default: chosen for each call, see docs/servers.md)",
  },
  concurrency: {
    flag: '--concurrency',
    value: 'count',
    variable: 'THINKMETER_CONCURRENCY',
    check: number({ from: 1, to: 1024, whole: true }),
    initial: '16',
    help: 'maximum number of runs at the same time on a server; an embedded model always runs one',
  },
  requestsPerMinute: {
    flag: '--requests-per-minute',
    value: 'count',
    variable: 'THINKMETER_REQUESTS_PER_MINUTE',
    check: number({ from: 1, to: 100_000, whole: true }),
    initial: '',
    help: 'maximum requests per minute, for a hosted service with a rate limit; a call with a cut makes two requests, the first call one more',
  },
  maxSeconds: {
    flag: '--max-seconds',
    value: 'seconds',
    variable: 'THINKMETER_MAX_SECONDS',
    check: number({ from: 0, to: 86_400, of: 'seconds' }),
    initial: '45',
    help: 'default of max_seconds for MCP calls; 0: no limit (many clients give up after 60 seconds; ask has no limit by default)',
  },
  state: {
    flag: '--state',
    value: 'file',
    variable: 'THINKMETER_STATE',
    check: z.string(),
    isPath: true,
    initial: '',
    help: "file in which runs are kept, with their prompts; :memory: keeps none (default: thinkmeter.db in the user's state folder)",
  },
  stateDays: {
    flag: '--state-days',
    value: 'days',
    variable: 'THINKMETER_STATE_DAYS',
    check: number({ from: 1, to: 36_500, whole: true }),
    initial: '30',
    help: 'runs older than this are deleted from the state file',
  },
  stateMb: {
    flag: '--state-mb',
    value: 'megabytes',
    variable: 'THINKMETER_STATE_MB',
    check: number({ from: 1, to: 1_000_000, whole: true }),
    initial: '200',
    help: 'the oldest runs are deleted from the state file when all together are larger',
  },
  pricePrompt: price('--price-prompt', 'THINKMETER_PRICE_PROMPT', 'price of a million prompt tokens'),
  priceThinking: price('--price-thinking', 'THINKMETER_PRICE_THINKING', 'price of a million thinking tokens'),
  priceAnswer: price('--price-answer', 'THINKMETER_PRICE_ANSWER', 'price of a million answer tokens'),
  priceGpuHour: price(
    '--price-gpu-hour',
    'THINKMETER_PRICE_GPU_HOUR',
    'price of an hour in which the server generates; calls at the same time share it',
  ),
  resourceLinks: {
    flag: '--resource-links',
    value: 'on|off',
    variable: 'THINKMETER_RESOURCE_LINKS',
    check: onOff,
    initial: 'on',
    help: 'off omits the resource link from results (Kiro refuses a result that contains one; LangChain passes the link to the model as a file, which most of its providers refuse)',
  },
  logLevel: {
    flag: '--log-level',
    value: 'level',
    variable: 'THINKMETER_LOG_LEVEL',
    check: word(LOG_LEVELS, {
      warning: 'warn',
      trace: 'debug',
      verbose: 'debug',
      fatal: 'error',
      critical: 'error',
      off: 'silent',
    }),
    initial: 'warn',
    help: `lowest level that is logged to stderr: ${LOG_LEVELS.join(', ')}`,
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof SETTINGS;
