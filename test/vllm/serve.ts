import { startVllm, servedModels } from './server.ts';

const help = `npm run vllm:serve [-- [--model NAME] [--port NUMBER] [any other flag of \`vllm serve\`]]

Runs a real vLLM with a demo model in the foreground until Ctrl-C. It must be installed: npm run vllm:install.

  --model NAME     ${servedModels.join(', ')} (default ${servedModels[0]})
  --port NUMBER    default 8000
  --api-key KEY    what callers must send
  --reasoning-parser NAME    default nemotron_v3
`;

class UsageError extends Error {}

/** Takes our own flags out, in both forms, \`--flag value\` and \`--flag=value\`; the rest is for vLLM as it is. */
function takeFlag(args: string[], flag: string): string | undefined {
  const index = args.findIndex((arg) => arg === flag || arg.startsWith(`${flag}=`));
  if (index === -1) return undefined;
  const inline = args[index]?.startsWith(`${flag}=`) ?? false;
  const value = inline ? args[index]?.slice(flag.length + 1) : args[index + 1];
  args.splice(index, inline ? 1 : 2);
  if (value === undefined || value === '') throw new UsageError(`${flag} needs a value`);
  return value;
}

function readArguments(argv: readonly string[]) {
  const args = [...argv];
  const name = takeFlag(args, '--model') ?? servedModels[0];
  const model = servedModels.find((known) => known === name);
  if (model === undefined) throw new UsageError(`--model is one of ${servedModels.join(', ')}, not ${name}`);
  const port = Number(takeFlag(args, '--port') ?? 8000);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new UsageError('--port is a number from 1 to 65535');
  const apiKey = takeFlag(args, '--api-key');
  const parser = takeFlag(args, '--reasoning-parser') ?? 'nemotron_v3';
  return { model, port, apiKey, args: ['--reasoning-parser', parser, ...args] };
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function serve(argv: readonly string[]): Promise<void> {
  const options = readArguments(argv);
  const interrupt = new AbortController();
  const interrupted = new Promise<void>((resolve) => interrupt.signal.addEventListener('abort', () => resolve()));
  const onSignal = (): void => {
    // npm and tsx pass on the Ctrl-C that the terminal sends to us as well, so a second one counts only when it is a later one
    if (!interrupt.signal.aborted) setTimeout(() => process.removeAllListeners('SIGINT'), 1000).unref();
    interrupt.abort(new Error('interrupted'));
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, onSignal);
  tell(`vllm:serve: starting ${options.model}, about a minute`);
  try {
    const server = await startVllm({ ...options, signal: interrupt.signal });
    const key = options.apiKey === undefined ? '' : `THINKMETER_API_KEY=${options.apiKey} `;
    tell(`vllm:serve: ready; its log is ${server.logFile}; Ctrl-C stops it. To use it:\n`);
    tell(`${key}THINKMETER_BASE_URL=${server.url}/v1 npx thinkmeter ask "2^10 + 3^5 - 4^3 = ?"\n`);
    await Promise.race([interrupted, server.exited]);
    if (!interrupt.signal.aborted) throw new Error(`vLLM ended by itself; see ${server.logFile}`);
    tell('vllm:serve: stopping');
    await server.stop();
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
    tell('vllm:serve: stopped');
  }
}

async function main(argv: readonly string[]): Promise<number> {
  if (argv.includes('--help')) {
    process.stdout.write(help);
    return 0;
  }
  try {
    await serve(argv);
    return 0;
  } catch (error) {
    tell(`vllm:serve: ${error instanceof Error ? error.message : String(error)}`);
    return error instanceof UsageError ? 2 : 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
