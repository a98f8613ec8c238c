import { copyFileSync, existsSync, rmSync } from 'node:fs';
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

const tools = join(llamaFolder, 'tools');
const build = join(llamaFolder, 'build');
const source = join(llamaFolder, `llama_cpp_python-${llamaVersion}`);
const sources = join(source, 'vendor', 'llama.cpp');
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

function pip(...args: readonly string[]): void {
  run(tool('python'), [
    '-m',
    'pip',
    ...args.slice(0, 1),
    '-q',
    '--disable-pip-version-check',
    '--no-input',
    ...args.slice(1),
  ]);
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

/** The server comes last: where it is, all is. */
function keep(): void {
  copyFileSync(join(build, 'bin', 'llama-server'), llamaServer);
  for (const folder of [build, source, tools]) rmSync(folder, { recursive: true });
}

process.exitCode = install(
  { name: 'llama:install', help, isInstalled: () => existsSync(llamaServer), folder: llamaFolder, steps },
  process.argv.slice(2),
);
