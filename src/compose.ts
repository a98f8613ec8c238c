/** Builds the parts of the program from the settings, once per process. */
import { DEFAULT_THINKING_BUDGET, USE_CASE } from './budget/presets.ts';
import { EvidenceOfServers } from './evidence/evidence.ts';
import { systemClock } from './clock.ts';
import type { Config } from './config/load.ts';
import type { ProxyVariables } from './config/proxies.ts';
import { createEmbeddedEngine } from './engine/embedded/engine.ts';
import type { Engine } from './engine/engine.ts';
import { parseAddress, sendsKeyInClear } from './engine/remote/http/address.ts';
import { createRemoteEngine } from './engine/remote/engine.ts';
import { ConfigError } from './errors.ts';
import type { Log } from './log.ts';
import { createRunner, type Runner } from './runner.ts';
import { Runs } from './runs.ts';
import type { ToolDefaults } from './tool.ts';

/** The locations of the program's own files. */
export type Installation = { readonly worker: URL; readonly demoModel: string };

/** The surroundings of the process that decide how requests travel. */
export type Network = {
  readonly proxies?: ProxyVariables;
  /** this process runs in a container */
  readonly inContainer?: boolean;
};

export type Parts = {
  readonly engine: Engine;
  readonly runner: Runner;
  readonly runs: Runs;
  readonly defaults: ToolDefaults;
  readonly log: Log;
};

export function compose(config: Config, installation: Installation, log: Log, network: Network = {}): Parts {
  const engine = createEngine(config, installation, log, network);
  const runs = new Runs();
  // an embedded model runs one generation at a time, so more runs would only wait inside the engine
  const concurrency = config.engine === 'vllm' ? config.concurrency : 1;
  return {
    engine,
    runs,
    log,
    runner: createRunner({
      engine,
      clock: systemClock,
      evidence: new EvidenceOfServers(),
      mechanism: config.mechanism,
      concurrency,
      runs,
      log,
    }),
    defaults: {
      thinkingBudget: config.useCase === undefined ? DEFAULT_THINKING_BUDGET : USE_CASE[config.useCase],
      maxSeconds: config.maxSeconds === 0 ? undefined : config.maxSeconds,
      systemPrompt: config.systemPrompt,
    },
  };
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
      return createEmbeddedEngine({ worker, sampling, model: demoModel });
    case 'embedded':
      if (model === undefined) {
        throw new ConfigError('no model is set for the embedded engine', {
          hint: 'set THINKMETER_MODEL to a folder or hub id, or THINKMETER_ENGINE=demo',
        });
      }
      return createEmbeddedEngine({
        worker,
        sampling,
        model,
        ...(dtype === undefined ? {} : { dtype }),
        ...(hub === undefined ? {} : { hub }),
      });
    case 'vllm': {
      const engine = createRemoteEngine({
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
      const root = baseUrl === undefined ? undefined : parseAddress(baseUrl).root;
      const secret = apiKey === undefined ? 'THINKMETER_HEADERS' : 'THINKMETER_API_KEY';
      if ((apiKey ?? headers) !== undefined && root !== undefined && sendsKeyInClear(root)) {
        log.warn(`${secret} is sent unencrypted over the network to ${root}: use https or a tunnel`);
      }
      return engine;
    }
  }
}
