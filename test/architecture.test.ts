/**
 * The map of rooms: what each may know of the others, of npm, and of Node. A new arrow is a new entry here, made on
 * purpose. Three sentences to remember: tools never see a concrete engine; the budget never sees HTTP; nobody but main
 * sees the process.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ROOT } from './support/program.ts';

type Room = {
  /** files or folders of ours, beside the room itself */
  readonly ours: readonly string[];
  readonly npm?: readonly string[];
  /** modules of Node, without `node:` */
  readonly node?: readonly string[];
};

/** The longest name that fits a file is its room. */
const ROOMS: Readonly<Record<string, Room>> = {
  // what everybody may know
  'src/errors.ts': { ours: [] },
  'src/clock.ts': { ours: [] },
  'src/wait.ts': { ours: ['src/clock.ts'], node: ['events'] },
  'src/version.ts': { ours: [] },
  'src/log.ts': { ours: [], npm: ['pino'] },

  // text in, text out
  'src/prompt': { ours: ['src/errors.ts'] },

  // the port, and what stands behind it
  'src/engine/engine.ts': { ours: ['src/prompt'] },
  'src/engine/figures.ts': { ours: ['src/engine/engine.ts', 'src/clock.ts', 'src/wait.ts'] },
  'src/engine/token-ids.ts': { ours: ['src/engine/engine.ts', 'src/prompt', 'src/errors.ts'] },
  'src/engine/hub-id.ts': { ours: [] },
  'src/engine/found-server.ts': { ours: [] },
  'src/engine/folder-codec.ts': {
    ours: ['src/prompt'],
    npm: ['@huggingface/jinja', '@huggingface/tokenizers', 'zod'],
    node: ['fs', 'path'],
  },
  // finds out what a server is, and opens sessions on it
  'src/engine/remote': {
    ours: [
      'src/engine/engine.ts',
      'src/engine/token-ids.ts',
      'src/engine/remote/http',
      'src/engine/remote/server',
      'src/engine/remote/token-ids',
      'src/engine/remote/chat',
      'src/prompt',
      'src/errors.ts',
      'src/clock.ts',
      'src/wait.ts',
    ],
  },
  // bytes and typed answers: knows no kind of server
  'src/engine/remote/http': {
    ours: ['src/engine/engine.ts', 'src/clipped.ts', 'src/errors.ts', 'src/version.ts', 'src/wait.ts'],
    npm: ['openai', 'undici', 'eventsource-parser', 'p-queue', 'zod'],
  },
  // the kinds of server, and what one of them shows of itself
  'src/engine/remote/server': {
    ours: [
      'src/engine/engine.ts',
      'src/engine/found-server.ts',
      'src/engine/remote/http',
      'src/prompt/family.ts',
      'src/errors.ts',
      'src/wait.ts',
    ],
    npm: ['zod'],
  },
  // the two ways to prompt one
  'src/engine/remote/token-ids': {
    ours: [
      'src/engine/engine.ts',
      'src/engine/token-ids.ts',
      'src/engine/hub-id.ts',
      'src/engine/folder-codec.ts',
      'src/engine/remote/http',
      'src/engine/remote/server',
      'src/prompt',
      'src/errors.ts',
      'src/wait.ts',
    ],
    npm: ['@huggingface/hub'],
    node: ['fs', 'path'],
  },
  'src/engine/remote/chat': {
    ours: [
      'src/engine/engine.ts',
      'src/engine/remote/http',
      'src/engine/remote/server',
      'src/prompt',
      'src/errors.ts',
      'src/wait.ts',
    ],
  },
  'src/engine/embedded': {
    ours: [
      'src/engine/engine.ts',
      'src/engine/token-ids.ts',
      'src/engine/hub-id.ts',
      'src/engine/folder-codec.ts',
      'src/prompt',
      'src/errors.ts',
      'src/wait.ts',
    ],
    npm: ['@huggingface/transformers', 'onnxruntime-common', 'onnxruntime-web', 'p-queue', 'zod'],
    node: ['fs', 'fs/promises', 'os', 'path', 'url', 'worker_threads'],
  },

  // one generation read: knows no budget
  'src/stream': {
    ours: ['src/engine/engine.ts', 'src/prompt/family.ts', 'src/errors.ts', 'src/clock.ts', 'src/wait.ts'],
  },
  // decides: asks no server, keeps no evidence
  'src/budget': { ours: ['src/engine/engine.ts', 'src/stream', 'src/prompt', 'src/errors.ts'] },
  'src/budget/presets.ts': { ours: [] },
  // what counting has shown, by server
  'src/evidence': {
    ours: [
      'src/engine/engine.ts',
      'src/engine/figures.ts',
      'src/prompt/question.ts',
      'src/stream',
      'src/budget',
      'src/errors.ts',
      'src/clock.ts',
      'src/wait.ts',
    ],
  },
  // puts one run together
  'src/run': {
    ours: [
      'src/engine/engine.ts',
      'src/stream',
      'src/budget',
      'src/evidence',
      'src/prompt',
      'src/errors.ts',
      'src/clock.ts',
      'src/wait.ts',
    ],
  },

  // what runs used, cost and saved
  'src/spending': { ours: [] },
  'src/spending/run-cost.ts': {
    ours: ['src/spending', 'src/budget/outcome.ts', 'src/engine/engine.ts', 'src/stream/reading.ts', 'src/clock.ts'],
  },

  // outcomes as people and clients read them
  'src/report': { ours: ['src/budget/outcome.ts', 'src/spending/prices.ts'], npm: ['zod'] },
  'src/report/tuning.ts': { ours: ['src/report', 'src/tuning/picture', 'src/tuning/values.ts'] },
  'src/report/progress.ts': { ours: ['src/budget/values.ts'] },

  // what an operator wants to know
  'src/status': {
    ours: [
      'src/budget',
      'src/evidence',
      'src/engine/engine.ts',
      'src/prompt/question.ts',
      'src/spending',
      'src/errors.ts',
      'src/clock.ts',
      'src/wait.ts',
    ],
    npm: ['zod'],
  },

  // runs in turn, and kept
  'src/runs.ts': { ours: ['src/report', 'src/run/received.ts', 'src/prompt/question.ts'] },
  'src/admission': {
    ours: [
      'src/engine/engine.ts',
      'src/engine/figures.ts',
      'src/budget/deadline.ts',
      'src/stream',
      'src/clock.ts',
      'src/recent.ts',
      'src/errors.ts',
      'src/wait.ts',
    ],
    npm: ['p-queue'],
  },
  'src/state': {
    ours: [
      'src/run/received.ts',
      'src/prompt/question.ts',
      'src/spending',
      'src/tuning/profiles',
      'src/tuning/sweep/kept.ts',
      'src/clock.ts',
      'src/wait.ts',
    ],
    npm: ['libsql'],
    node: ['fs', 'path'],
  },
  'src/batch-time.ts': { ours: ['src/recent.ts'] },
  'src/server-speeds.ts': { ours: ['src/admission', 'src/evidence', 'src/clock.ts'] },
  'src/runner.ts': {
    ours: [
      'src/server-speeds.ts',
      'src/admission',
      'src/stream/requests.ts',
      'src/budget',
      'src/run',
      'src/evidence',
      'src/engine/engine.ts',
      'src/prompt',
      'src/report',
      'src/runs.ts',
      'src/spending',
      'src/status',
      'src/errors.ts',
      'src/clock.ts',
      'src/log.ts',
    ],
  },

  // the product
  'src/recent.ts': { ours: [] },
  'src/clipped.ts': { ours: [] },
  'src/edit-distance.ts': { ours: [] },
  'src/resemblance.ts': { ours: ['src/edit-distance.ts'] },
  'src/well-formed.ts': { ours: [] },
  'src/schema-words.ts': { ours: ['src/clipped.ts'], npm: ['zod'] },
  'src/arguments.ts': {
    ours: [
      'src/clipped.ts',
      'src/resemblance.ts',
      'src/well-formed.ts',
      'src/schema-words.ts',
      'src/errors.ts',
      'src/fields.ts',
    ],
    npm: ['zod'],
  },
  'src/tool.ts': {
    ours: [
      'src/arguments.ts',
      'src/runner.ts',
      'src/budget/values.ts',
      'src/report',
      'src/tuning/profiles',
      'src/tuning/sweep/kept.ts',
    ],
    npm: ['zod'],
  },
  'src/fields.ts': { ours: [], npm: ['zod'] },
  'src/continued.ts': { ours: ['src/tool.ts', 'src/prompt/question.ts'] },
  'src/prompts.ts': { ours: [] },
  'src/limits.ts': {
    ours: ['src/tool.ts', 'src/budget/presets.ts', 'src/prompt/question.ts', 'src/tuning/profiles'],
  },
  tools: {
    ours: [
      'src/batch-time.ts',
      'src/budget/outcome.ts',
      'src/budget/presets.ts',
      'src/continued.ts',
      'src/tool.ts',
      'src/fields.ts',
      'src/limits.ts',
      'src/prompt/question.ts',
      'src/budget/values.ts',
      'src/report',
      'src/status',
      'src/tuning',
      'src/errors.ts',
    ],
    npm: ['zod'],
  },

  // which budget is enough: problems, what budgets did with them, and how it is shown
  'src/tuning/values.ts': { ours: [] },
  'src/tuning/cases': {
    ours: ['src/tuning/values.ts', 'src/tuning/match', 'src/clipped.ts', 'src/errors.ts', 'src/well-formed.ts'],
    npm: ['csv-parse', 'jsonc-parser'],
  },
  'src/tuning/match': { ours: ['src/tuning/values.ts', 'src/clipped.ts', 'src/errors.ts'], node: ['vm'] },
  'src/tuning/picture': {
    ours: ['src/tuning/values.ts', 'src/wait.ts'],
    npm: ['@resvg/resvg-wasm'],
    node: ['events', 'fs/promises', 'worker_threads'],
  },
  'src/tuning/statistics': { ours: [] },
  'src/tuning/profiles': { ours: ['src/budget/outcome.ts', 'src/prompt/question.ts', 'src/errors.ts'] },
  'src/tuning/schema.ts': { ours: [], npm: ['zod'] },
  'src/tuning/sweep': {
    ours: [
      'src/tuning/values.ts',
      'src/tuning/match',
      'src/tuning/profiles',
      'src/tuning/statistics',
      'src/budget',
      'src/engine/engine.ts',
      'src/evidence/evidence.ts',
      'src/prompt/question.ts',
      'src/run/run.ts',
      'src/runner.ts',
      'src/stream',
      'src/clock.ts',
      'src/errors.ts',
      'src/wait.ts',
    ],
    node: ['crypto'],
  },

  // what a server of one's own needs
  'src/serving': { ours: ['src/errors.ts'] },
  'src/host': { ours: ['src/errors.ts'], node: ['child_process', 'events'] },

  // the roads to it
  // takes the place of a module of the SDK in the bundle
  'src/mcp/sdk-shims.ts': { ours: [], npm: ['@modelcontextprotocol/server'], node: ['process'] },
  'src/mcp': {
    ours: [
      'src/tool.ts',
      'src/runner.ts',
      'src/runs.ts',
      'src/prompts.ts',
      'src/spending',
      'src/tuning/profiles',
      'src/tuning/sweep/kept.ts',
      'src/budget/values.ts',
      'src/report',
      'src/errors.ts',
      'src/clock.ts',
      'src/wait.ts',
      'src/log.ts',
      'src/version.ts',
    ],
    npm: ['@modelcontextprotocol/server', '@modelcontextprotocol/client', 'zod'],
    node: ['events', 'stream'],
  },
  // the settings files of clients: what belongs into them, and how to change nothing else
  'src/init': {
    ours: ['src/engine/found-server.ts', 'src/errors.ts'],
    npm: ['jsonc-parser', 'smol-toml'],
    node: ['fs', 'fs/promises', 'path', 'util'],
  },
  'src/config': {
    ours: ['src/budget/presets.ts', 'src/budget/mechanism.ts', 'src/edit-distance.ts', 'src/errors.ts'],
    npm: ['zod'],
  },
  'src/cli': {
    ours: [
      'tools',
      'src/clipped.ts',
      'src/compose.ts',
      'src/config',
      'src/mcp',
      'src/report',
      'src/status',
      'src/state',
      'src/spending',
      'src/tuning',
      'src/budget/presets.ts',
      'src/budget/values.ts',
      'src/budget/outcome.ts',
      'src/serving',
      'src/host',
      'src/init',
      'src/engine/found-server.ts',
      'src/clock.ts',
      'src/wait.ts',
      'src/errors.ts',
      'src/version.ts',
    ],
    node: ['fs/promises', 'readline/promises', 'stream', 'stream/consumers'],
  },
  'src/cli/program.ts': { ours: ['src/cli', 'src/config', 'src/init/names.ts', 'src/version.ts'], npm: ['commander'] },

  // where it is put together: the only file that knows both engines, and the only one that knows the process
  'src/compose-search.ts': { ours: ['src/compose.ts', 'src/engine'] },
  'src/compose.ts': {
    ours: [
      'src/engine',
      'src/config',
      'src/state',
      'src/budget/presets.ts',
      'src/evidence/evidence.ts',
      'src/runner.ts',
      'src/server-speeds.ts',
      'src/runs.ts',
      'src/spending',
      'src/tool.ts',
      'src/tuning/profiles',
      'src/errors.ts',
      'src/clock.ts',
      'src/log.ts',
    ],
  },
  // old versions of Node must be able to parse it
  'src/start.ts': { ours: ['src/main.ts'], node: ['module'] },
  'src/main.ts': {
    ours: [
      'src/cli',
      'src/config',
      'src/compose.ts',
      'src/compose-search.ts',
      'src/init/launch.ts',
      'src/state',
      'src/errors.ts',
      'src/log.ts',
    ],
    npm: ['commander'],
    node: ['console', 'fs', 'os', 'url', 'v8'],
  },
};

const FILES = ['src', 'tools'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name))),
);

const IMPORT =
  /\b(?:import|export)\b[^'"`;()]*?\bfrom\s*['"]([^'"]+)['"]|\bimport\s*\(\s*['"]([^'"]+)['"]|\bimport\s*['"]([^'"]+)['"]/g;

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

/** Without comments: an example in one is no import. */
function code(file: string): string {
  return read(file).replaceAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/[^\n]*/g, '');
}

function importsOf(file: string): string[] {
  const found = [...code(file).matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
  return found.map((name) => (name.startsWith('.') ? join(dirname(file), name) : name));
}

/** Without types and dynamic imports. */
function staticImportsOf(file: string): string[] {
  if (!FILES.includes(file)) return [];
  const found = [...code(file).matchAll(/^(?:import|export)\s(?!type\b)[^;]*?from '([^']+)'/gm)];
  return found.map(([, name = '']) => (name.startsWith('.') ? join(dirname(file), name) : name));
}

function isIn(file: string, place: string): boolean {
  return file === place || file.startsWith(`${place}/`);
}

function roomOf(file: string): string {
  const fitting = Object.keys(ROOMS).filter((room) => isIn(file, room));
  return fitting.toSorted((a, b) => b.length - a.length)[0] ?? '';
}

function isAllowed(file: string, imported: string): boolean {
  const room = roomOf(file);
  const { ours = [], npm = [], node = [] } = ROOMS[room] ?? {};
  if (imported.startsWith('node:')) return node.includes(imported.slice('node:'.length));
  if (/^(src|tools)\//.test(imported)) {
    return [room, ...ours].some((place) => isIn(imported, place));
  }
  return npm.some((name) => isIn(imported, name));
}

test('every import is on the map', () => {
  const arrows = FILES.flatMap((file) =>
    importsOf(file)
      .filter((imported) => !isAllowed(file, imported))
      .map((imported) => `${file} -> ${imported}`),
  );
  expect(arrows).toEqual([]);
});

test('every file is in a room, and every room and every entry is there', () => {
  expect(FILES.filter((file) => roomOf(file) === '')).toEqual([]);
  const places = Object.entries(ROOMS).flatMap(([room, { ours }]) => [room, ...ours]);
  expect(places.filter((place) => !existsSync(join(ROOT, place)))).toEqual([]);
});

test('the map allows no more than is used', () => {
  const unused = Object.entries(ROOMS).flatMap(([room, { ours, npm = [], node = [] }]) => {
    const imported = FILES.filter((file) => roomOf(file) === room).flatMap(importsOf);
    const allowed = [...ours, ...npm, ...node.map((name) => `node:${name}`)];
    return allowed.filter((place) => !imported.some((name) => isIn(name, place))).map((place) => `${room} -> ${place}`);
  });
  expect(unused).toEqual([]);
});

describe('the rules that the map stands for', () => {
  const rules = [
    { name: 'only src/mcp knows the MCP SDK', imported: /^@modelcontextprotocol\//, from: ['src/mcp'] },
    {
      name: 'only src/engine/remote/http knows the HTTP libraries',
      imported: /^(openai|undici|eventsource-parser)/,
      from: ['src/engine/remote/http'],
    },
    {
      name: 'only src/engine/embedded knows transformers.js',
      imported: /^@huggingface\/transformers$/,
      from: ['src/engine/embedded'],
    },
    { name: 'only the log knows pino', imported: /^pino/, from: ['src/log.ts'] },
    {
      name: 'only the command line knows commander',
      imported: /^commander/,
      from: ['src/cli/program.ts', 'src/main.ts'],
    },
    {
      name: 'only the place where it is put together knows a concrete engine',
      imported: /^src\/engine\/(remote|embedded)\//,
      from: ['src/compose.ts', 'src/compose-search.ts', 'src/engine/remote', 'src/engine/embedded'],
    },
    {
      name: 'only the command line knows the list of tools',
      imported: /^tools\//,
      from: ['tools', 'src/cli'],
    },
    {
      name: 'nobody opens a socket',
      imported: /^node:(https?|net|tls|dns)/,
      from: [],
    },
    {
      name: 'only src/host/programs.ts starts programs',
      imported: /^node:child_process/,
      from: ['src/host/programs.ts'],
    },
  ];

  test.each(rules)('$name', ({ imported, from }) => {
    const others = FILES.filter((file) => !from.some((place) => isIn(file, place)));
    expect(others.filter((file) => importsOf(file).some((name) => imported.test(name)))).toEqual([]);
  });

  test('transformers.js is imported in the worker’s own files, never before a model is asked for', () => {
    const users = FILES.filter((file) => importsOf(file).some((name) => name === '@huggingface/transformers'));
    expect(users.map((file) => basename(file))).toEqual(['choice.ts', 'transformers-model.ts']);
    const importing = (file: string): string[] => FILES.filter((other) => importsOf(other).includes(file));
    expect(importing('src/engine/embedded/choice.ts')).toEqual(['src/engine/embedded/transformers-model.ts']);
    expect(importing('src/engine/embedded/transformers-model.ts')).toEqual(['src/engine/embedded/worker.ts']);
  });

  test('the MCP server loads no HTTP library at its start: the first call does', () => {
    const loaded = new Set(['src/main.ts', 'src/compose.ts', 'src/cli/serve.ts', 'src/log.ts']);
    for (const file of loaded) for (const name of staticImportsOf(file)) loaded.add(name);
    expect([...loaded].filter((name) => /^(undici|openai|@huggingface|onnxruntime)/.test(name))).toEqual([]);
  });

  test('only main, its start, and the worker for its own stdout, touch the process', () => {
    const touching = FILES.filter((file) => /\bprocess\b\s*[.[]|\bconsole\b\s*\./.test(code(file)));
    expect(touching.toSorted()).toEqual(['src/engine/embedded/worker.ts', 'src/main.ts', 'src/start.ts']);
  });

  // Node 20 may garbage-collect a limit of `AbortSignal.timeout` inside `AbortSignal.any` (nodejs/node#57736)
  test('only src/wait.ts and the clock make waits', () => {
    const waiting = /\bAbortSignal\b\s*\.\s*(any|timeout)\b|\bset(Timeout|Interval|Immediate)\s*\(|timers\/promises/;
    const makers = FILES.filter((file) => waiting.test(code(file)));
    expect(makers.filter((file) => !['src/wait.ts', 'src/clock.ts'].includes(file))).toEqual([]);
  });

  test('the budget loop does not know how prompts travel', () => {
    const LOOP = ['src/stream', 'src/budget', 'src/evidence', 'src/run'];
    const travels = /\bisTurn\b|\bmessages\b|\bcompletions\b/;
    const knowing = FILES.filter((file) => LOOP.some((room) => isIn(file, room)) && travels.test(code(file)));
    expect(knowing).toEqual([]);
  });

  test('no files import each other in a circle', () => {
    const imports = new Map(FILES.map((file) => [file, importsOf(file).filter((name) => /^(src|tools)\//.test(name))]));
    const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
      (imports.get(from) ?? []).some((next) => {
        if (next === to) return true;
        if (seen.has(next)) return false;
        seen.add(next);
        return reaches(next, to, seen);
      });
    expect(FILES.filter((file) => reaches(file, file))).toEqual([]);
  });

  test('no import hides behind an expression or another name', () => {
    const hiding = /\bimport\s*\(\s*[^'")\s]|\brequire\s*\(|\bimport\.meta\.resolve\b|\bcreateRequire\b/;
    expect(FILES.filter((file) => hiding.test(code(file)))).toEqual([]);
  });
});

test('no file is longer than 400 lines', () => {
  expect(FILES.filter((file) => read(file).split('\n').length > 400)).toEqual([]);
});

test('no folder or file is named for nothing', () => {
  const empty = /(^|\/)(utils?|helpers?|common|shared|misc|internal|lib)(\/|\.ts$)/;
  expect(FILES.filter((file) => empty.test(file))).toEqual([]);
});
