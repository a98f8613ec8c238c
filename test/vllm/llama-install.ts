import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isInstalled, llamaFolder, llamaServer, llamaVersion, program, repositoryRoot } from './environment.ts';
import { vllmModels } from './server.ts';
import { install, NotPossibleHere, run, type Install } from './steps.ts';

const help = `npm run llama:install

Builds a real llama.cpp server into .llama/ from the source inside llama-cpp-python ${llamaVersion} (ten minutes on two cores), and
writes the demo models as GGUF files, for the tests that want one. Needs a C++ compiler, and \`npm run vllm:install\` before it:
that environment's Python does the converting. Does nothing when .llama/ is already there.

Exit codes: 0 installed; 1 the install failed; 2 wrong usage; 3 not possible on this machine.
`;

const stamp = join(llamaFolder, 'installed');
const tools = join(llamaFolder, 'tools');
const build = join(llamaFolder, 'build');
const unpacked = join(llamaFolder, `llama_cpp_python-${llamaVersion}`);
const sources = join(unpacked, 'vendor', 'llama.cpp');
const tool = (name: string): string => join(tools, 'bin', name);

/** For any processor of this kind, without what a small model on 127.0.0.1 does not need. */
const FLAGS = [
  '-DCMAKE_BUILD_TYPE=Release',
  '-DBUILD_SHARED_LIBS=OFF',
  '-DGGML_NATIVE=OFF',
  '-DGGML_CCACHE=OFF',
  '-DGGML_OPENMP=OFF',
  '-DLLAMA_BUILD_TESTS=OFF',
  '-DLLAMA_BUILD_EXAMPLES=OFF',
  '-DLLAMA_BUILD_APP=OFF',
  '-DLLAMA_BUILD_UI=OFF',
  '-DLLAMA_USE_PREBUILT_UI=OFF',
  '-DLLAMA_OPENSSL=OFF',
];

function pip(command: 'install' | 'download', ...args: readonly string[]): void {
  const quiet = ['-q', '--disable-pip-version-check', '--no-input'];
  run(tool('python'), ['-m', 'pip', command, ...quiet, ...args]);
}

function convert(model: string): void {
  const script = fileURLToPath(new URL('gguf.py', import.meta.url));
  run(program('python'), [script, sources, join(repositoryRoot, 'models', model), join(llamaFolder, `${model}.gguf`)]);
}

const steps: Install['steps'] = () => {
  if (!isInstalled()) throw new NotPossibleHere('vLLM is not installed: run `npm run vllm:install` before it');
  const archive = join(llamaFolder, `llama_cpp_python-${llamaVersion}.tar.gz`);
  const from = ['--no-deps', '--no-binary', 'llama-cpp-python', `llama-cpp-python==${llamaVersion}`];
  return [
    ['an environment for its tools', () => void run(program('python'), ['-m', 'venv', '--clear', tools])],
    ['cmake and ninja', () => pip('install', 'cmake==4.4.4', 'ninja==1.13.2')],
    ['the source', () => pip('download', '-d', llamaFolder, ...from)],
    ['unpacked', () => void run('tar', ['xzf', archive, '-C', llamaFolder])],
    ['the build is prepared', () => void run(tool('cmake'), prepared())],
    ['the server', () => void run(tool('ninja'), ['-C', build, 'llama-server'])],
    ...vllmModels.map((model) => [`${model}.gguf`, () => convert(model)] as const),
    ['kept is what is needed', keep],
  ];
};

const prepared = (): string[] => [
  '-S',
  sources,
  '-B',
  build,
  '-G',
  'Ninja',
  `-DCMAKE_MAKE_PROGRAM=${tool('ninja')}`,
  ...FLAGS,
];

/** What the stamp of a finished install says: of which source, and of which models. */
function wantedStamp(): string {
  const models = vllmModels.map(
    (model) => `${model} ${hashOf(join(repositoryRoot, 'models', model, 'model.safetensors'))}`,
  );
  return [`llama-cpp-python ${llamaVersion}`, ...models, ''].join('\n');
}

function hashOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

function isBuilt(): boolean {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === wantedStamp();
}

function keep(): void {
  copyFileSync(join(build, 'bin', 'llama-server'), llamaServer);
  for (const folder of [build, unpacked, tools]) rmSync(folder, { recursive: true });
  writeFileSync(stamp, wantedStamp());
}

process.exitCode = install(
  { name: 'llama:install', help, isInstalled: isBuilt, folder: llamaFolder, steps },
  process.argv.slice(2),
);
