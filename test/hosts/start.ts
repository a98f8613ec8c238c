/** A host with a home of its own and the block that `thinkmeter init` writes there, at work on one prompt. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { FakeVllm } from '../support/fake-vllm/server.ts';
import { ENTRY, Program, ROOT, runProgram, type ProgramOptions } from '../support/program.ts';
import { HOSTS, writeFiles } from './hosts.ts';
import { hostsFolder, programOfHost, type HostName } from './installed.ts';
import { INTERFACES } from './interrupts.ts';
import { record, type Recorder } from './recorder.ts';
import { startScriptedModel, type ScriptedModel, type ToolCall } from './scripted-model.ts';

export type StartedHost = {
  readonly host: Program;
  readonly model: ScriptedModel;
  /** where it works */
  readonly folder: string;
  /** of `startRecorded` and `startSession` */
  readonly recorder: Recorder | undefined;
};

export type RecordedHost = StartedHost & { readonly recorder: Recorder };

type How = Pick<ProgramOptions, 'args' | 'input'> & { readonly recorded: boolean };

const PROMPT = 'Use thinkmeter.';

/** With the block as `thinkmeter init` writes it. Ends after its answer to one prompt. */
export function startHost(name: HostName, fake: FakeVllm, call: ToolCall): Promise<StartedHost> {
  return start(name, fake, call, { args: HOSTS[name].args(PROMPT), input: '', recorded: false });
}

/** As `startHost`, with a recorder in front of the server. */
export async function startRecorded(name: HostName, fake: FakeVllm, call: ToolCall): Promise<RecordedHost> {
  const how = { args: HOSTS[name].args(PROMPT), input: '', recorded: true };
  return withRecorder(await start(name, fake, call, how));
}

/** Continues after an interrupt. Recorded. */
export async function startSession(
  name: HostName,
  fake: FakeVllm,
  call: ToolCall,
): Promise<RecordedHost & { readonly interrupt: () => void }> {
  const { args, prompt } = INTERFACES[name];
  const started = withRecorder(await start(name, fake, call, { args, recorded: true }));
  return { ...started, interrupt: await prompt(started.host, PROMPT, started.folder) };
}

function withRecorder(started: StartedHost): RecordedHost {
  const { recorder } = started;
  if (recorder === undefined) throw new Error('the host was started without a recorder');
  return { ...started, recorder };
}

/** Nothing of this machine's own: neither its variables, nor a folder whose settings a host might read. */
async function start(name: HostName, fake: FakeVllm, call: ToolCall, { recorded, ...how }: How): Promise<StartedHost> {
  const { files, variables, settings } = HOSTS[name];
  const model = await startScriptedModel(call);
  // Codex refuses a home below the system's temporary folder
  const home = newFolder(join(hostsFolder, 'homes'));
  writeFiles(home, files(model.url));
  const written = await runProgram({
    command: inEmptyEnvironment(home, {}, process.execPath, join(ROOT, ENTRY)),
    args: ['init', name, '--yes', '--base-url', `${fake.url}/v1`],
  });
  if (written.code !== 0) throw new Error(`init ended with ${written.code}: ${written.stderr}`);
  const recorder = recorded ? record(home, settings) : undefined;
  // outside of this repository, whose settings and instructions a host would read
  const folder = newFolder(tmpdir());
  const host = new Program({
    ...how,
    command: inEmptyEnvironment(home, variables(model.url), programOfHost(name)),
    cwd: folder,
    detached: true,
  });
  onTestFinished(() => endGroup(host));
  return { host, model, folder, recorder };
}

export function log(host: Program, model: ScriptedModel): string {
  return [host.stdout, host.stderr, 'requests to its model:', ...model.requests].join('\n');
}

/** Waits for the host's end; what its model got of the call. */
export async function resultOf({ host, model }: StartedHost): Promise<string> {
  const end = await host.ended;
  const isDone = host.stdout.includes('DONE');
  if (end.code !== 0 || !isDone) throw new Error(`the host ended with ${end.code}: ${log(host, model)}`);
  return model.result() ?? '';
}

/** `env` is replaced by the program: signals reach the program itself. */
function inEmptyEnvironment(
  home: string,
  variables: Readonly<Record<string, string>>,
  ...command: readonly string[]
): string[] {
  const path = [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin'].join(':');
  const all = Object.entries({ PATH: path, HOME: home, ...variables });
  return ['env', '-i', ...all.map(([key, value]) => `${key}=${value}`), ...command];
}

/**
 * To the process that started thinkmeter, and to no other. It may not be the host's first process: Codex and Gemini CLI
 * start themselves again.
 */
export function signalHost({ child }: Program, signal: NodeJS.Signals): void {
  const rows = execFileSync('ps', ['-A', '-ww', '-o', 'pid=', '-o', 'ppid=', '-o', 'args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .map((row) => ({ pid: Number(row?.[1]), parent: Number(row?.[2]), command: row?.[3] ?? '' }));
  const parentOf = (pid: number): number => rows.find((row) => row.pid === pid)?.parent ?? 0;
  const isOfHost = (pid: number): boolean => pid > 1 && (pid === child.pid || isOfHost(parentOf(pid)));
  const server = rows.find(({ pid, command }) => command.includes(join(ROOT, ENTRY)) && isOfHost(pid));
  if (server === undefined) throw new Error('the host has no process of thinkmeter');
  process.kill(server.parent, signal);
}

function newFolder(parent: string): string {
  mkdirSync(parent, { recursive: true });
  const path = mkdtempSync(join(parent, 'host-'));
  // a host's helpers may still write there
  onTestFinished(() => rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }));
  return path;
}

/** With the processes that it started. */
async function endGroup({ child, ended }: Program): Promise<void> {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // none is left
  }
  await ended;
}
