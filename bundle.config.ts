/**
 * Builds what is shipped: the program and the embedded engine's worker, with all that they need inside. A bundle
 * starts faster than a tree of packages (`npm run bench:start`) and installs nothing at run time.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type CodeSplittingNameFunction } from 'rolldown';
import packageJson from './package.json' with { type: 'json' };

const OUT = 'dist';

const COMMON = { platform: 'node', write: false, logLevel: 'warn' } as const;

const OUTPUT = {
  dir: OUT,
  chunkFileNames: 'parts/[name]-[hash].js',
  comments: { legal: true, annotation: false, jsdoc: false },
  // names stay, for stack traces
  minify: { compress: true, mangle: { toplevel: false, keepNames: true }, codegen: true },
} as const;

/** What a client starts. It has a separate build, because old versions of Node must be able to parse it. */
const start = await build({
  ...COMMON,
  input: { main: 'src/start.ts' },
  plugins: [
    {
      name: 'the program is a separate file',
      resolveId: (imported) => (imported === './main.ts' ? { id: './program.js', external: 'relative' } : undefined),
    },
  ],
  transform: { target: 'es2019' },
  output: OUTPUT,
});

const ENTRIES = {
  program: 'src/main.ts',
  worker: 'src/engine/embedded/worker.ts',
  // a thread that reads files next to it
  rasterize: 'src/tuning/picture/rasterize.ts',
} as const;

/**
 * What is loaded together lies in one file, because each file takes its time at the start: what the worker and the program
 * share, what every command needs, and what the MCP server needs beside it. A module belongs to the first of them that
 * imports it. What only one command or one kind of server needs is in no group, and stays in a separate file.
 */
const GROUPS = {
  shared: [ENTRIES.worker],
  program: [ENTRIES.program],
  parts: ['src/compose.ts', 'src/log.ts'],
  command: ['src/cli/ask.ts'],
  serve: ['src/cli/serve.ts'],
} as const;

const own = (path: string): string => join(process.cwd(), path);
const entries = new Set(Object.values(ENTRIES).map(own));
const groups = new Map<string, string>();

const groupOf: CodeSplittingNameFunction = (module, graph) => {
  const add = (id: string, group: string): void => {
    const found = graph.getModuleInfo(id);
    if (groups.has(id) || found === null) return;
    groups.set(id, group);
    for (const imported of found.importedIds) add(imported, group);
  };
  const roots = Object.entries(GROUPS).flatMap(([group, files]) => files.map((file) => [group, own(file)] as const));
  if (groups.size === 0) for (const [group, root] of roots) add(root, group);
  return entries.has(module) ? null : (groups.get(module) ?? null);
};

const program = await build({
  ...COMMON,
  input: ENTRIES,
  preserveEntrySignatures: 'allow-extension',
  external: ['@huggingface/transformers', 'libsql'],
  transform: { target: 'node20.19' },
  resolve: {
    alias: {
      '@modelcontextprotocol/server/_shims': own('src/mcp/sdk-shims.ts'),
      // its main file is a UMD module, whose `require` cannot be followed
      'jsonc-parser': 'jsonc-parser/lib/esm/main.js',
    },
  },
  output: {
    ...OUTPUT,
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: [{ name: groupOf, debugName: 'what is loaded together' }],
    },
  },
});

const packaged = (name: string): Buffer => readFileSync(fileURLToPath(import.meta.resolve(name)));
const FONT = '@expo-google-fonts/open-sans';

/** The Mozilla Public License requires a note that says where the source is. */
const RESVG_LICENSE = `resvg.wasm is index_bg.wasm of the npm package @resvg/resvg-wasm ${packageJson.devDependencies['@resvg/resvg-wasm']}, unchanged, and
rasterize.js contains its index.mjs. License: Mozilla Public License 2.0, https://www.mozilla.org/MPL/2.0/.
Source: https://github.com/yisibl/resvg-js and https://github.com/linebender/resvg.
`;

/** Files that are read next to the program, and the licenses of those that are not under a license like MIT. */
const READ = {
  // runs the demo model; read by `src/engine/embedded/worker.ts`
  'onnxruntime.wasm': packaged('onnxruntime-web/ort-wasm-simd-threaded.wasm'),
  // draw a tuning as a PNG; read by `src/tuning/picture/rasterize.ts`
  'resvg.wasm': packaged('@resvg/resvg-wasm/index_bg.wasm'),
  'resvg.LICENSE.txt': Buffer.from(RESVG_LICENSE),
  'open-sans.ttf': packaged(`${FONT}/400Regular/OpenSans_400Regular.ttf`),
  'open-sans.LICENSE.txt': packaged(`${FONT}/LICENSE_FONT`),
} as const;

const written = [...start.output, ...program.output].map((output) => ({
  path: own(join(OUT, output.fileName)),
  contents: Buffer.from(output.type === 'chunk' ? output.code : output.source),
}));
const read = Object.entries(READ).map(([name, contents]) => ({ path: own(join(OUT, name)), contents }));
const files = [...written, ...read];

// files that stay the same are left alone: a program that runs from here does not lose what it has yet to load
for (const { path, contents } of files) {
  if (existsSync(path) && readFileSync(path).equals(contents)) continue;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, contents);
}
const built = new Set(files.map(({ path }) => path));
for (const file of readdirSync(OUT, { recursive: true, withFileTypes: true })) {
  const path = join(process.cwd(), file.parentPath, file.name);
  if (file.isFile() && !built.has(path)) rmSync(path);
}
