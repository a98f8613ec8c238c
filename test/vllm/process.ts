/** A server in a process group of its own, ready when it says so, and gone with us however we end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { environmentFolder, repositoryRoot, serverVariables } from './environment.ts';

export type ServerProcess = {
  /** The root, without /v1. */
  readonly url: string;
  readonly pid: number | undefined;
  readonly logFile: string;
  /** Resolves when the server has ended, by `stop` or by itself. */
  readonly exited: Promise<void>;
  stop(): Promise<void>;
};

export type ProcessOptions = {
  /** of the log, and of the process */
  readonly name: string;
  /** its path */
  readonly program: string;
  /** for the port that was chosen */
  readonly args: (port: number) => readonly string[];
  /** A free one when absent. */
  readonly port?: number | undefined;
  /** Gives up the start; once the server is ready, only `stop` ends it. */
  readonly signal?: AbortSignal | undefined;
};

/** Seen: 32 to 57 s on two cores; most of it is Python importing the same modules in three processes. */
const startLimitMs = 240_000;
const stopLimitMs = 20_000;

/**
 * vLLM starts an engine and a worker process, which outlive it when it is killed. So it leads a process group of its own,
 * beside a guard that waits for the end of a pipe only we hold open: however we end, SIGKILL included, the group ends too.
 */
const guarded = `(cat <&3; kill -TERM $$; i=0
while [ $i -lt 20 ] && kill -0 $$ 2>/dev/null; do sleep 1; i=$((i+1)); done
sleep 2; rm -rf "$TMPDIR"; kill -KILL 0) & exec "$@" 3<&-`;

/** The port asked for, or a free one. Checked first, or the answers of an older server there would pass for ours. */
export async function freePort(wanted = 0): Promise<number> {
  const probe = createServer().listen(wanted, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('the probe has no port');
  return address.port;
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  try {
    return pid !== undefined && process.kill(-pid, signal);
  } catch {
    return false; // nobody is left in the group
  }
}

/** A connection each: uvicorn closes an idle one after 5 s, and a request sent in that moment fails. */
export function get(url: string): Promise<Response> {
  return fetch(url, { headers: { connection: 'close' }, signal: AbortSignal.timeout(10_000) });
}

async function untilReady(child: ChildProcess, url: string, logFile: string, signal?: AbortSignal): Promise<void> {
  const deadline = performance.now() + startLimitMs;
  const isHealthy = async (): Promise<boolean> => (await get(`${url}/health`).catch(() => undefined))?.ok ?? false;
  const fail = (what: string): never => {
    const lastLines = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-30);
    throw new Error(`the server ${what}; the end of ${logFile}:\n${lastLines.join('\n')}`);
  };
  while (!(await isHealthy())) {
    if (child.exitCode !== null || child.signalCode !== null) fail(`ended (${child.exitCode ?? child.signalCode})`);
    if (performance.now() > deadline) fail(`was not ready after ${startLimitMs / 1000} s`);
    await sleep(250, undefined, { signal });
  }
}

export async function startProcess({ name, program, args, port, signal }: ProcessOptions): Promise<ServerProcess> {
  signal?.throwIfAborted();
  const chosenPort = await freePort(port);
  const url = `http://127.0.0.1:${chosenPort}`;
  const logFile = join(environmentFolder, 'logs', `${name}-${chosenPort}.log`);
  mkdirSync(join(environmentFolder, 'logs'), { recursive: true });
  const log = openSync(logFile, 'w');
  // vLLM leaves its sockets behind; not in .vllm, as a socket's path may have no more than 107 characters
  const temporaryFolder = mkdtempSync(join(tmpdir(), 'thinkmeter-vllm-'));
  const child = spawn('/bin/sh', ['-c', guarded, name, program, ...args(chosenPort)], {
    cwd: repositoryRoot,
    env: serverVariables(temporaryFolder),
    detached: true,
    stdio: ['ignore', log, log, 'pipe'],
  });
  closeSync(log);
  const exited = once(child, 'exit').then(async () => {
    // The guard, and what vLLM left behind when it was killed. Not by SIGKILL at first: Python's resource tracker, which
    // ignores SIGTERM, is about to remove the shared memory (400 MB in /dev/shm) and ends by itself.
    signalGroup(child, 'SIGTERM');
    for (let waits = 0; signalGroup(child, waits < 60 ? 0 : 'SIGKILL') && waits < 80; waits += 1) await sleep(50);
    rmSync(temporaryFolder, { recursive: true, force: true });
  });
  let stopping: Promise<void> | undefined;
  const end = async (): Promise<void> => {
    child.kill('SIGTERM'); // to vLLM alone: it ends its own children in order
    const force = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
    await exited;
    clearTimeout(force);
  };
  const stop = (): Promise<void> => (stopping ??= end());
  try {
    await untilReady(child, url, logFile, signal);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, pid: child.pid, logFile, exited, stop };
}
