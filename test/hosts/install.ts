import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { install, run, type Install } from '../vllm/steps.ts';
import {
  folderOfHost,
  HOST_NAMES,
  hostsFolder,
  isHostInstalled,
  PACKAGES,
  programOfHost,
  stampOfHost,
} from './installed.ts';

const packages = Object.values(PACKAGES).map((row) => `${row.package}@${row.version}`);

const help = `npm run hosts:install

Installs real MCP hosts into .hosts/ (about 1.1 GB, a minute) for \`npm run test:hosts\`: ${packages.join(', ')}.
Does nothing if .hosts/ already contains these versions.

Exit codes: 0 installed; 1 the install failed; 2 wrong usage.
`;

/** A folder of its own has settings of its own: our .npmrc does not apply, so scripts are switched off by a flag. */
function npmInstall(): void {
  mkdirSync(hostsFolder, { recursive: true });
  writeFileSync(join(hostsFolder, 'package.json'), '{ "private": true }\n');
  run('npm', [
    'install',
    '--prefix',
    hostsFolder,
    '--ignore-scripts',
    '--include=optional',
    '--save-exact',
    '--no-audit',
    '--no-fund',
    ...packages,
  ]);
}

const steps: Install['steps'] = () => [
  ['the packages, without their scripts', npmInstall],
  ...HOST_NAMES.map((name) => [`${name} starts`, () => finish(name)] as const),
];

function finish(name: (typeof HOST_NAMES)[number]): void {
  const { postinstall, version } = PACKAGES[name];
  if (postinstall !== undefined) run(process.execPath, [join(folderOfHost(name), postinstall)]);
  // a home of its own: some hosts make folders there at their first start
  const home = `HOME=${join(hostsFolder, 'homes')}`;
  const printed = run('env', [home, programOfHost(name), '--version']).trim();
  if (!printed.includes(version)) throw new Error(`${name} --version printed ${printed} instead of ${version}`);
  writeFileSync(stampOfHost(name), version);
}

process.exitCode = install(
  { name: 'hosts:install', help, isInstalled: () => HOST_NAMES.every(isHostInstalled), folder: hostsFolder, steps },
  process.argv.slice(2),
);
