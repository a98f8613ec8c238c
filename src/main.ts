#!/usr/bin/env node
/**
 * The program: settings → engine → server → transport. The only file that reads the arguments, the environment and
 * the process's streams, and the only one that ends the process.
 */
import { CommanderError } from 'commander';
import { fileURLToPath } from 'node:url';
import { createProgram } from './cli/program.ts';
import type { Terminal } from './cli/terminal.ts';
import { loadConfig, type Flags } from './config/load.ts';
import { SETTINGS, type SettingName } from './config/options.ts';
import { CancelledError, ThinkmeterError, toSentence } from './errors.ts';

const EXIT = { fine: 0, failed: 1, usage: 2, bug: 70 } as const;

const here = import.meta.url;
const installation = {
  worker: new URL('worker.js', here),
  demoModel: fileURLToPath(new URL('../models/thinkmeter-demo', here)),
};

// oxlint-disable-next-line node/no-process-env -- the one place where the environment is read
const env = process.env;
const { stdin, stdout, stderr } = process;
const terminal: Terminal = { stdin, stdout, stderr, color: (env['NO_COLOR'] ?? '') === '' };

const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    // a second signal does not wait for anything
    if (interrupted.signal.aborted) process.exit(EXIT.failed);
    interrupted.abort();
  });
}
// a pipe that nobody reads any more, such as `thinkmeter ask … | head`
stdout.on('error', () => process.exit(EXIT.fine));

const program = createProgram(
  {
    serve: async (flags) => {
      const [{ serveUntilGone }, { config, parts }] = await Promise.all([import('./cli/serve.ts'), prepare(flags)]);
      await serveUntilGone(parts, config, terminal, interrupted.signal);
    },
    ask: async (question, options, flags) => {
      const [{ ask }, { parts }] = await Promise.all([import('./cli/ask.ts'), prepare(flags)]);
      // a person at a terminal waits as long as it takes, unless a limit was given for this question
      const maxSeconds = flags.maxSeconds === undefined ? undefined : parts.defaults.maxSeconds;
      try {
        await ask(
          question,
          options,
          { ...parts, defaults: { ...parts.defaults, maxSeconds } },
          terminal,
          interrupted.signal,
        );
      } finally {
        await parts.engine.close();
      }
    },
    doctor: async (options, flags) => {
      const [{ doctor }, { parts }] = await Promise.all([import('./cli/doctor.ts'), prepare(flags)]);
      try {
        await doctor(options, parts, terminal, interrupted.signal);
      } finally {
        await parts.engine.close();
      }
    },
    monitor: async (options, flags) => {
      const [{ monitor }, { parts }] = await Promise.all([import('./cli/monitor.ts'), prepare(flags)]);
      try {
        await monitor(options, parts, terminal, interrupted.signal);
      } finally {
        await parts.engine.close();
      }
    },
    serveModel: async (model, options) => {
      const { serveModel } = await import('./cli/serve-model.ts');
      await serveModel(model, options, terminal, interrupted.signal);
    },
    demo: async (flags) => {
      const settings = { engine: 'demo', ...flags };
      loadConfig(settings, env);
      const { demo } = await import('./cli/demo.ts');
      // by variables: other users of the machine can read a command line, and a key may be among them
      const server = {
        command: process.execPath,
        args: [fileURLToPath(here)],
        env: { ...present(env), ...asVariables(settings) },
      };
      await demo(server, terminal, interrupted.signal);
    },
  },
  { out: (text) => stdout.write(text), err: (text) => stderr.write(text) },
);

async function prepare(flags: Flags) {
  const config = loadConfig(flags, env);
  const [{ compose }, { createLog }] = await Promise.all([import('./compose.ts'), import('./log.ts')]);
  return { config, parts: compose(config, installation, createLog(config.logLevel)) };
}

function asVariables(flags: Flags): Record<string, string> {
  return present(
    Object.fromEntries(Object.entries(SETTINGS).map(([name, { variable }]) => [variable, flags[name as SettingName]])),
  );
}

function present(variables: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(variables).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

/** Ends the process: with nothing left to do, or with what went wrong in a sentence. */
try {
  await program.parseAsync();
  process.exitCode = EXIT.fine;
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.fine : EXIT.usage;
  if (error instanceof CancelledError) return EXIT.failed;
  if (error instanceof ThinkmeterError && error.audience !== 'nobody') {
    stderr.write(`thinkmeter: ${toSentence(error)}\n`);
    return error.code === 'INVALID_INPUT' ? EXIT.usage : EXIT.failed;
  }
  stderr.write(
    `thinkmeter: a bug, please report it: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return EXIT.bug;
}
