/** Builds the parts of the program from the settings, once per process. */
import { DEFAULT_THINKING_BUDGET, USE_CASE } from './budget/presets.ts';
import { EvidenceOfServers } from './evidence/evidence.ts';
import { systemClock } from './clock.ts';
import { toError, type Config, type SettingNotice, type Settings } from './config/load.ts';
import { createEmbeddedEngine } from './engine/embedded/engine.ts';
import type { Engine } from './engine/engine.ts';
import { parseAddress, sendsKeyInClear } from './engine/remote/http/address.ts';
import type { Proxies } from './engine/remote/http/proxies.ts';
import { createRemoteEngine } from './engine/remote/engine.ts';
import { ConfigError, asSentence } from './errors.ts';
import type { Log } from './log.ts';
import { createRunner, type Runner } from './runner.ts';
import type { RecalledSpeed } from './server-speeds.ts';
import { Runs } from './runs.ts';
import type { Prices } from './spending/prices.ts';
import { localDay, Spending } from './spending/spending.ts';
import { stateFile } from './state/place.ts';
import { State } from './state/state.ts';
import { Tunings } from './state/tunings.ts';
import type { ToolDefaults } from './tool.ts';
import { Profiles } from './tuning/profiles/profiles.ts';

/** The locations of the program's own files. */
export type Installation = {
  readonly worker: URL;
  readonly demoModel: string;
  /** where the state file is, if no setting says so; undefined: no such folder is known */
  readonly stateFolder: string | undefined;
};

/** The surroundings of the process that decide how requests travel. */
export type Network = {
  readonly proxies?: Proxies;
  /** this process runs in a container */
  readonly inContainer?: boolean;
};

export type Parts = {
  readonly engine: Engine;
  readonly runner: Runner;
  readonly runs: Runs;
  readonly spending: Spending;
  readonly profiles: Profiles;
  readonly tunings: Tunings;
  readonly state: State;
  readonly defaults: ToolDefaults;
  readonly log: Log;
  /** settings that cannot be used: with one, every call is refused */
  readonly problems: readonly SettingNotice[];
  /** sentences about settings that have no effect: each may explain a later error */
  readonly ignored: readonly string[];
};

/** Logs the warnings about settings. With a problem, the engine refuses every call, and the status shows the problem. */
export function compose(settings: Settings, installation: Installation, log: Log, network: Network = {}): Parts {
  const { config } = settings;
  const { engine, problems } = createEngineOrRefuse(settings, installation, log, network);
  const warnings = [...settings.warnings, ...(problems.length === 0 ? keyInClear(config) : [])];
  for (const warning of warnings) log.warn(toSentences(warning));
  const state = openState(config, installation, (problem) => log.warn(problem + CONSEQUENCE));
  const runs = new Runs(state);
  const tunings = new Tunings(state);
  const spending = new Spending({ prices: pricesOf(config), store: state, today: () => localDay(new Date()) });
  // an embedded model runs one generation at a time, so more runs would only wait inside the engine
  const concurrency = config.engine === 'vllm' ? config.concurrency : 1;
  return {
    engine,
    runs,
    spending,
    profiles: new Profiles(tunings),
    tunings,
    state,
    log,
    problems,
    ignored: settings.warnings.map((warning) => toSentences(warning)),
    runner: createRunner({
      engine,
      clock: systemClock,
      evidence: new EvidenceOfServers(),
      mechanism: config.mechanism,
      concurrency,
      runs,
      spending,
      speeds: {
        putSpeed: (server, read) => state.putSpeed(server, read),
        speeds: async () => (await state.speeds()) as readonly RecalledSpeed[],
      },
      log,
      troubles: () =>
        state.problem === undefined ? [] : [{ what: state.problem + CONSEQUENCE, fix: STATE_FIX, grave: false }],
      settings: [
        ...problems.map((problem) => ({ ...problem, grave: true })),
        ...warnings.map((warning) => ({ ...warning, grave: false })),
      ],
    }),
    defaults: {
      thinkingBudget: config.useCase === undefined ? DEFAULT_THINKING_BUDGET : USE_CASE[config.useCase],
      maxSeconds: config.maxSeconds === 0 ? undefined : config.maxSeconds,
      systemPrompt: config.systemPrompt,
      profile: config.profile,
    },
  };
}

export function pricesOf({ pricePrompt, priceThinking, priceAnswer, priceGpuHour }: Config): Prices {
  return { prompt: pricePrompt, thinking: priceThinking, answer: priceAnswer, gpuHour: priceGpuHour };
}

/** Of a problem of the state file. */
const CONSEQUENCE = ', so runs are kept in memory only';
const STATE_FIX = 'set THINKMETER_STATE to another file, or to :memory: to keep none';

/** The file is opened with the first run. */
export function openState(
  { state, stateDays, stateMb }: Pick<Config, 'state' | 'stateDays' | 'stateMb'>,
  { stateFolder }: Pick<Installation, 'stateFolder'>,
  onProblem: (problem: string) => void,
): State {
  const place = stateFile(state, stateFolder);
  return new State({ ...place, days: stateDays, megabytes: stateMb, clock: systemClock, onProblem });
}

function toSentences({ what, fix }: SettingNotice): string {
  return `${asSentence(what)} ${asSentence(fix)}`;
}

/** Settings that fit only together are checked here; their problems join the others. */
function createEngineOrRefuse(
  settings: Settings,
  installation: Installation,
  log: Log,
  network: Network,
): Pick<Parts, 'engine' | 'problems'> {
  const problems = [...settings.problems];
  try {
    const engine = createEngine(settings.config, installation, log, network);
    if (problems.length === 0) return { engine, problems };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    problems.push({ what: error.message, fix: error.hint ?? 'correct the setting, then start thinkmeter again' });
  }
  const refuse = (): Promise<never> => Promise.reject(toError(problems));
  return { engine: { open: refuse, close: () => Promise.resolve() }, problems };
}

function createEngine(config: Config, { worker, demoModel }: Installation, log: Log, network: Network): Engine {
  const {
    temperature,
    topP,
    model,
    apiKey,
    headers,
    sessionHeader,
    baseUrl,
    dtype,
    tokenizer,
    hub,
    requestsPerMinute,
  } = config;
  const sampling = { ...(temperature === undefined ? {} : { temperature }), ...(topP === undefined ? {} : { topP }) };
  switch (config.engine) {
    case 'demo':
      return createEmbeddedEngine({ worker, sampling, model: demoModel, library: 'onnxruntime' });
    case 'embedded':
      if (model === undefined) {
        throw new ConfigError('the embedded engine needs a model, but THINKMETER_MODEL is not set', {
          hint: 'set THINKMETER_MODEL to a folder or hub id, or THINKMETER_ENGINE to demo',
        });
      }
      return createEmbeddedEngine({
        worker,
        sampling,
        model,
        ...(dtype === undefined ? {} : { dtype }),
        ...(hub === undefined ? {} : { hub }),
      });
    case 'vllm':
      return createRemoteEngine({
        sampling,
        onFound: (sentence) => log.warn(sentence),
        ...network,
        ...(baseUrl === undefined ? {} : { baseUrl }),
        ...(apiKey === undefined ? {} : { apiKey }),
        ...(headers === undefined ? {} : { headers }),
        ...(sessionHeader === undefined ? {} : { sessionHeader }),
        ...(model === undefined ? {} : { model }),
        ...(tokenizer === undefined ? {} : { tokenizer }),
        ...(hub === undefined ? {} : { hub }),
        ...(requestsPerMinute === undefined ? {} : { requestsPerMinute }),
      });
  }
}

function keyInClear({ engine, apiKey, headers, baseUrl }: Config): SettingNotice[] {
  if (engine !== 'vllm' || (apiKey ?? headers) === undefined || baseUrl === undefined) return [];
  const { root } = parseAddress(baseUrl);
  if (!sendsKeyInClear(root)) return [];
  const secret = apiKey === undefined ? 'THINKMETER_HEADERS' : 'THINKMETER_API_KEY';
  return [{ what: `${secret} is sent unencrypted over the network to ${root}`, fix: 'use https or a tunnel' }];
}
