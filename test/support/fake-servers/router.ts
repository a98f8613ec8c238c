/**
 * llama.cpp's router mode (tools/server/server-models.cpp): a list of models with their status, and every other request
 * goes to one of them by its name. A model that is not loaded is loaded by the first request, unless the server or the
 * request forbids it.
 */
import { pause } from '../fake-vllm/pace.ts';
import type { Host } from './host.ts';
import { refuse } from './refusals.ts';

export type RouterOptions = {
  /** listed besides the model, not loaded */
  readonly others?: readonly string[];
  /** default: the model is loaded */
  readonly isUnloaded?: boolean;
  /** how long it takes to load; default: not at all */
  readonly loadMs?: number;
  /** `--no-models-autoload` */
  readonly noAutoload?: boolean;
};

type Status = 'unloaded' | 'loading' | 'loaded';

export class Router {
  readonly #options: RouterOptions;
  #status: Status;
  /** shared by all requests that wait for it */
  #loading: Promise<void> | undefined;

  constructor(options: RouterOptions) {
    this.#options = options;
    this.#status = options.isUnloaded === true ? 'unloaded' : 'loaded';
  }

  /** `GET /models` and `/v1/models` */
  list({ name }: Host): readonly { readonly id: string; readonly status: { readonly value: Status } }[] {
    const others = (this.#options.others ?? []).map((id) => ({ id, status: { value: 'unloaded' as const } }));
    return [...others, { id: name, status: { value: this.#status } }];
  }

  /** `GET /props` without a model */
  props(): object {
    return {
      role: 'router',
      max_instances: 4,
      models_autoload: this.#options.noAutoload !== true,
      model_alias: 'llama-server',
      model_path: 'none',
      default_generation_settings: { params: {}, n_ctx: 0 },
    };
  }

  /** Returns when the model is loaded; refuses requests that name no model, or one that may not be loaded. */
  async admit({ name }: Host, asked: string | undefined, autoload: string | null, signal: AbortSignal): Promise<void> {
    if (asked === undefined || asked === '') refuse('model name is missing from the request');
    if (asked !== name) refuse(`model '${asked}' not found`);
    if (this.#status === 'loaded') return;
    const mayLoad = autoload === null ? this.#options.noAutoload !== true : autoload === 'true';
    if (!mayLoad) refuse('model is not loaded');
    this.#loading ??= this.#load();
    await Promise.race([this.#loading, pause(3_600_000, signal)]);
  }

  async #load(): Promise<void> {
    this.#status = 'loading';
    await pause(this.#options.loadMs ?? 0, new AbortController().signal);
    this.#status = 'loaded';
  }
}
