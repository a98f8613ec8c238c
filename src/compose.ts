/** Builds the parts of the program from the settings, once per process. */
import { DEFAULT_THINKING_BUDGET, USE_CASE } from './budget/presets.ts';
import { EvidenceOfServers } from './evidence/evidence.ts';
import { systemClock } from './clock.ts';
import type { Config } from './config/load.ts';
import { createEmbeddedEngine } from './engine/embedded/engine.ts';
import type { Engine } from './engine/engine.ts';
import { parseAddress, sendsKeyInClear } from './engine/remote/http/address.ts';
import { createRemoteEngine } from './engine/remote/engine.ts';
import { findServer, type FoundServer } from './engine/remote/server/find.ts';
import { usualPorts } from './engine/remote/server/discover.ts';
import { ConfigError } from './errors.ts';
import type { Log } from './log.ts';
import { createRunner, type Runner } from './runner.ts';
import { Runs } from './runs.ts';
import type { ToolDefaults } from './tool.ts';

/** The locations of the program's own files. */
export type Installation = { readonly worker: URL; readonly demoModel: string };

export type Parts = {
  readonly engine: Engine;
  readonly runner: Runner;
  readonly runs: Runs;
  readonly defaults: ToolDefaults;
  readonly log: Log;
};

export function compose(config: Config, installation: Installation, log: Log): Parts {
  const engine = createEngine(config, installation, log);
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

/** For `init`, which writes down what is found. `ports`: the default ports of servers, as a text. */
export function serverSearch(): {
  readonly ports: string;
  readonly findServer: (address: string | undefined, key: string | undefined) => Promise<FoundServer | undefined>;
} {
  return { ports: usualPorts(), findServer: (address, key) => findServer(address, key) };
}

function createEngine(config: Config, { worker, demoModel }: Installation, log: Log): Engine {
  const { temperature, topP, model, apiKey, baseUrl, dtype, tokenizer, hub, requestsPerMinute } = config;
  const sampling = { ...(temperature === undefined ? {} : { temperature }), ...(topP === undefined ? {} : { topP }) };
  switch (config.engine) {
    case 'demo':
      return createEmbeddedEngine({ worker, sampling, model: demoModel, library: 'onnxruntime' });
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
        ...(baseUrl === undefined ? {} : { baseUrl }),
        ...(apiKey === undefined ? {} : { apiKey }),
        ...(model === undefined ? {} : { model }),
        ...(tokenizer === undefined ? {} : { tokenizer }),
        ...(hub === undefined ? {} : { hub }),
        ...(requestsPerMinute === undefined ? {} : { requestsPerMinute }),
      });
      const root = baseUrl === undefined ? undefined : parseAddress(baseUrl).root;
      if (apiKey !== undefined && root !== undefined && sendsKeyInClear(root)) {
        log.warn(`THINKMETER_API_KEY is sent unencrypted over the network to ${root}: use https or a tunnel`);
      }
      return engine;
    }
  }
}
