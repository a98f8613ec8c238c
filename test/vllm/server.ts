import { execFileSync } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { isInstalled, llamaFolder, llamaServer, program } from './environment.ts';
import { get, startProcess, type ServerProcess } from './process.ts';

/** The models of the tests. */
export const vllmModels = ['thinkmeter-demo', 'thinkmeter-demo-3'] as const;
export type VllmModel = (typeof vllmModels)[number];

/** Those that `npm run vllm:serve` serves. */
export const servedModels = [...vllmModels, 'thinkmeter-demo-doubter'] as const;

export type VllmOptions = {
  readonly model: (typeof servedModels)[number];
  /** A free one when absent. */
  readonly port?: number | undefined;
  /** More flags of `vllm serve`, such as `['--reasoning-parser', 'nemotron_v3']`. */
  readonly args?: readonly string[] | undefined;
  readonly apiKey?: string | undefined;
  /** Gives up the start; once the server is ready, only `stop` ends it. */
  readonly signal?: AbortSignal | undefined;
};

export type VllmServer = Omit<ServerProcess, 'pid'> & {
  readonly model: (typeof servedModels)[number];
  readonly apiKey?: string | undefined;
  /** The sum over all labels of one counter or gauge in /metrics, such as `vllm:num_requests_running`. */
  metric(name: string): Promise<number>;
};

function installed(name: string): string {
  if (!isInstalled()) throw new Error('vLLM is not installed: run `npm run vllm:install`');
  return program(name);
}

async function readMetric(url: string, name: string): Promise<number> {
  const text = await (await get(`${url}/metrics`)).text();
  const samples = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  if (samples.length === 0) throw new Error(`the server has no metric ${name}`);
  return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/**
 * Its engine and its worker spin while they wait for each other. On two cores that starves its HTTP part, so that tokens
 * arrive seconds late and all at once (seen with 0.32): they go behind everybody else.
 */
function letOthersFirst(parent: number): void {
  const processes = execFileSync('ps', ['-e', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  for (const [pid = 0, ppid = 0] of processes.map((line) => line.trim().split(/\s+/).map(Number))) {
    if (ppid !== parent) continue;
    setPriority(pid, constants.priority.PRIORITY_LOW);
    letOthersFirst(pid);
  }
}

export async function startVllm({ model, port, args = [], apiKey, signal }: VllmOptions): Promise<VllmServer> {
  // float32 and eager: the demo models are small, so compiling or converting costs more than it saves
  const size = ['--max-model-len', '2048', '--dtype', 'float32', '--enforce-eager'];
  const key = apiKey === undefined ? [] : ['--api-key', apiKey];
  const { pid, ...process } = await startProcess({
    name: model,
    program: installed('vllm'),
    args: (chosen) => {
      const place = ['--host', '127.0.0.1', '--port', String(chosen)];
      return ['serve', join('models', model), '--served-model-name', model, ...place, ...size, ...key, ...args];
    },
    port,
    signal,
  });
  if (pid !== undefined) letOthersFirst(pid);
  return { ...process, model, apiKey, metric: (name) => readMetric(process.url, name) };
}

/** Hugging Face's `transformers serve`: no token ids, no tokenizer, no budget, thinking left in the content. */
export function startTransformers(model: VllmModel): Promise<ServerProcess> {
  return startProcess({
    name: `transformers-${model}`,
    program: installed('transformers'),
    args: (port) => ['serve', join('models', model), '--host', '127.0.0.1', '--port', String(port), '--device', 'cpu'],
  });
}

export type LlamaServer = ServerProcess & Pick<VllmServer, 'metric'>;

/** llama.cpp's own server; one thread, because two on two busy cores are slower. */
export async function startLlama(model: VllmModel): Promise<LlamaServer> {
  const size = ['--ctx-size', '8192', '--parallel', '4', '--threads', '1', '--flash-attn', 'off'];
  const server = await startProcess({
    name: `llama-${model}`,
    program: llamaServer,
    args: (port) => {
      const place = ['--host', '127.0.0.1', '--port', String(port), '--metrics'];
      return ['--model', join(llamaFolder, `${model}.gguf`), '--alias', model, ...place, ...size];
    },
  });
  return { ...server, metric: (name) => readMetric(server.url, name) };
}
