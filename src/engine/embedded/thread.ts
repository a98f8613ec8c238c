/** Typed calls to the worker thread. The first call starts the thread; after `close` no call is accepted. */
import { Worker } from 'node:worker_threads';
import { EngineUnsupportedError, InvariantError } from '../../errors.ts';
import { atMost } from '../../wait.ts';
import type { CallName, Calls, FromWorker, OnToken } from './protocol.ts';

/** The longest step that cannot be interrupted: one token, or the rest of loading a model. */
const LONGEST_COMPUTATION_MS = 10_000;

type Waiting = {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly onToken: OnToken | undefined;
};

/** A failure inside the worker; `code` is Node's error code, if any. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError';
  readonly code: string | undefined;

  constructor(message: string, code: string | undefined) {
    super(message);
    this.code = code;
  }
}

export class Thread {
  readonly #file: URL;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #calls = 0;
  #closed = false;
  #callEnded: () => void = () => undefined;
  onLoading: (message: string) => void = () => undefined;
  /** the thread has ended and its model is lost; the next call starts another thread */
  onEnd: () => void = () => undefined;

  constructor(file: URL) {
    this.#file = file;
  }

  call<Name extends CallName>(name: Name, ask: Calls[Name]['ask'], onToken?: OnToken): Promise<Calls[Name]['answer']> {
    if (this.#closed) return Promise.reject(new EngineUnsupportedError('the embedded engine has been closed'));
    const call = ++this.#calls;
    return new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(call, { resolve, reject, onToken });
      const worker = this.#start();
      // only a thread with work may keep the program alive
      worker.ref();
      worker.postMessage({ call, name, ask });
    }) as Promise<Calls[Name]['answer']>;
  }

  #start(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    // stdout belongs to the protocol: output of libraries in the thread is discarded
    const worker = new Worker(this.#file, { stdout: true });
    worker.on('message', (message: FromWorker) => this.#hear(message));
    // an `error` event is followed by `exit`, and by then another thread may have started
    const fail = (error: Error): void => {
      if (this.#worker === worker) this.#fail(error);
    };
    worker.on('error', (error) => fail(error instanceof Error ? error : new InvariantError(String(error))));
    worker.on('exit', (code) => fail(new WorkerError(`the worker thread ended with code ${code}`, undefined)));
    this.#worker = worker;
    return worker;
  }

  #hear(message: FromWorker): void {
    if (message.kind === 'loading') return this.onLoading(message.message);
    const waiting = this.#waiting.get(message.call);
    if (message.kind === 'token') return waiting?.onToken?.(message.id, message.text, message.margin);
    this.#waiting.delete(message.call);
    if (this.#waiting.size === 0) this.#worker?.unref();
    this.#callEnded();
    if (message.kind === 'answer') waiting?.resolve(message.answer);
    else waiting?.reject(new WorkerError(message.message, message.code));
  }

  #fail(error: Error): void {
    this.#worker = undefined;
    this.onEnd();
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.#callEnded();
  }

  /**
   * Waits for the current computation: if the thread ends within a token, onnxruntime terminates the whole process
   * (seen with 1.30: "terminate called after throwing an instance of 'Napi::Error'").
   */
  async close(): Promise<void> {
    this.#closed = true;
    await atMost(this.#idle(), LONGEST_COMPUTATION_MS, undefined);
    await this.#worker?.terminate();
  }

  async #idle(): Promise<void> {
    while (this.#waiting.size > 0) {
      // oxlint-disable-next-line no-await-in-loop -- calls end one by one
      await new Promise<void>((resolve) => (this.#callEnded = resolve));
    }
  }
}
