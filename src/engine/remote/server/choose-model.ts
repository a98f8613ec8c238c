/** Chooses among the models that a server lists: the operator's, else a Nemotron, else a loaded chat model. */
import { EngineHttpError } from '../../../errors.ts';
import type { ServedModel } from '../http/wire.ts';
import { closest } from './closest.ts';
import type { Dialect } from './dialect.ts';
import { isForChat, NEMOTRON } from './for-chat.ts';
import type { Found } from './signs.ts';

export type Choice = {
  readonly served: ServedModel;
  /** the operator's name is not a listed one, but resembles exactly one */
  readonly warning?: string;
};

type Case = {
  readonly root: string;
  /** the operator's model; absent: none was configured */
  readonly wanted: string | undefined;
  readonly found: Found;
  readonly dialect: Dialect;
};

/** An error names at most this many models. */
const MOST_NAMES = 12;
/** From more models than this, none of them loaded, thinkmeter does not choose: the wrong one may cost money or an hour. */
const FEW = 8;

/** @throws {EngineHttpError} if no model can be chosen; names the closest listed ones */
export function chooseModel({ root, wanted, found, dialect }: Case): Choice {
  const { models } = found;
  if (wanted !== undefined) {
    // if the server does not list its models, the configured model is assumed to exist
    return models === undefined ? { served: { id: wanted } } : configured(models, wanted, { root, dialect });
  }
  const all = models ?? [];
  const others = dialect.notForChat?.(found) ?? new Set();
  const candidates = all.filter((model) => !others.has(model.id) && isForChat(model));
  if (candidates.length === 0) throw noneForChat(root, all);
  const loaded = loadedModels(found, dialect);
  const isLoaded = ({ id, status }: ServedModel): boolean => loaded.has(id) || status?.value === 'loaded';
  const nemotrons = candidates.filter(isNemotron);
  const ready = candidates.filter(isLoaded);
  const [first, second] = candidates;
  // a service bills each model differently; a list of downloaded models contains only the operator's own
  const isOwn = dialect.loads !== undefined || candidates.some(({ status }) => status !== undefined);
  const isLong = dialect.host !== undefined ? second !== undefined : candidates.length > FEW;
  const own = nemotrons.find(isLoaded) ?? (isOwn || !isLong ? nemotrons[0] : undefined) ?? ready[0];
  const served = own ?? (isLong ? undefined : first);
  if (served === undefined) throw tooMany(root, candidates, nemotrons);
  return { served };
}

function isNemotron({ id, root }: ServedModel): boolean {
  return NEMOTRON.test(id) || NEMOTRON.test(root ?? '');
}

function loadedModels(found: Found, { loads }: Dialect): ReadonlySet<string> {
  const answer = loads === undefined ? undefined : found.answers.get(loads.path);
  return new Set(loads?.read(answer)?.map(({ model }) => model));
}

type Where = { readonly root: string; readonly dialect: Dialect };

function configured(models: readonly ServedModel[], wanted: string, { root, dialect }: Where): Choice {
  const listed = models.find(({ id }) => id === wanted) ?? models.find(({ aliases }) => aliases?.includes(wanted));
  if (listed !== undefined) return { served: listed };
  // Ollama adds this tag to a name without one
  const tagged = models.find(({ id }) => id === `${wanted}:latest`);
  if (tagged !== undefined) return { served: tagged };
  // OpenRouter's variants, such as `:nitro`, are not listed (openrouter.ai/docs, model variants)
  const variantOf = dialect.name === 'openrouter' ? models.find(({ id }) => wanted.startsWith(`${id}:`)) : undefined;
  if (variantOf !== undefined) return { served: { ...variantOf, id: wanted } };
  const alike = models.filter(({ id }) => isAlike(id, wanted));
  const [only] = alike;
  if (only !== undefined && alike.length === 1) {
    return { served: only, warning: `THINKMETER_MODEL is ${wanted}; the server lists ${only.id}, which is used` };
  }
  throw notListed(root, models, wanted);
}

/** Equal but for letter case, the publisher in front, or Ollama's tag and llama.cpp's file extension behind. */
function isAlike(listed: string, wanted: string): boolean {
  const [a, b] = [bare(listed), bare(wanted)];
  return a === b || a.endsWith(`/${b}`) || b.endsWith(`/${a}`);
}

function bare(name: string): string {
  return name.toLowerCase().replace(/:latest$|\.gguf$/, '');
}

function notListed(root: string, models: readonly ServedModel[], wanted: string): EngineHttpError {
  const ids = models.map(({ id }) => id);
  const asked = shortened(wanted);
  const what =
    ids.length > MOST_NAMES
      ? `${ids.length} models, not ${asked}; the closest names are ${names(closest(ids, wanted))}`
      : `${ids.length === 0 ? 'no model at all' : names(ids)}, not ${asked}`;
  return new EngineHttpError(`the server at ${root} serves ${what}`, 404, {
    hint: 'set THINKMETER_MODEL to one of the served names',
  });
}

function tooMany(root: string, all: readonly ServedModel[], nemotrons: readonly ServedModel[]): EngineHttpError {
  const ids = [...new Set([...nemotrons, ...all].map(({ id }) => id))];
  return new EngineHttpError(
    `the server at ${root} serves ${ids.length} models, and THINKMETER_MODEL names none of them; some are ${names(ids)}`,
    404,
    { hint: 'set THINKMETER_MODEL to the model that thinkmeter is to use' },
  );
}

function noneForChat(root: string, models: readonly ServedModel[]): EngineHttpError {
  const listed = names(models.map(({ id }) => id));
  const what = models.length === 0 ? 'serves no model at all' : `lists no chat model, only ${listed}`;
  return new EngineHttpError(`the server at ${root} ${what}`, 404, {
    hint: 'load a chat model on the server, or set THINKMETER_MODEL to one of the served names',
  });
}

/** In characters: of one name, and of all names together. */
const LONGEST = { name: 70, all: 320 } as const;

function names(ids: readonly string[]): string {
  const shown: string[] = [];
  let length = 0;
  for (const id of ids.slice(0, MOST_NAMES)) {
    const name = shortened(id);
    length += name.length + 2;
    if (length > LONGEST.all) break;
    shown.push(name);
  }
  const rest = ids.length - shown.length;
  return rest > 0 ? `${shown.join(', ')} and ${rest} more` : shown.join(', ');
}

function shortened(name: string): string {
  return name.length > LONGEST.name ? `${name.slice(0, LONGEST.name)}…` : name;
}
