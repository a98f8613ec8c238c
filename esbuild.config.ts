/**
 * Builds what is shipped: the program and the embedded engine's worker, with all that they need inside. A bundle
 * starts faster than a tree of packages (`npm run bench:start`) and installs nothing at run time.
 */
import { build } from 'esbuild';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import packageJson from './package.json' with { type: 'json' };

const OUT = 'dist';

const COMMON = {
  outdir: OUT,
  write: false,
  bundle: true,
  format: 'esm',
  platform: 'node',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'linked',
  logLevel: 'warning',
} as const;

/** What a client starts. It is built apart, because old versions of Node must parse it, to be told that they are old. */
const start = await build({
  ...COMMON,
  entryPoints: { main: 'src/start.ts' },
  target: 'node12.22',
  plugins: [
    {
      name: 'the program is a file of its own',
      setup: (files) => {
        files.onResolve({ filter: /^\.\/main\.ts$/ }, () => ({ path: './program.js', external: true }));
      },
    },
  ],
});

const program = await build({
  ...COMMON,
  entryPoints: {
    program: 'src/main.ts',
    worker: 'src/engine/embedded/worker.ts',
    // a file of its own, because it reads files next to it
    rasterize: 'src/tuning/picture/rasterize.ts',
  },
  // what only one command needs stays in a file of its own, loaded with that command
  splitting: true,
  chunkNames: 'parts/[name]-[hash]',
  target: 'node20.19',
  // packages written for `require` expect it
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  external: ['@huggingface/transformers', 'libsql'],
  alias: {
    '@modelcontextprotocol/server/_shims': './src/mcp/sdk-shims.ts',
    // its main file is a UMD module, whose `require` esbuild cannot follow
    'jsonc-parser': 'jsonc-parser/lib/esm/main.js',
  },
});

const packaged = (name: string): Buffer => readFileSync(fileURLToPath(import.meta.resolve(name)));
const FONT = '@expo-google-fonts/open-sans';

/** The Mozilla Public License asks that whoever gets the program is told where its source is. */
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

const read = Object.entries(READ).map(([name, contents]) => ({ path: join(process.cwd(), OUT, name), contents }));
const files = [...start.outputFiles, ...program.outputFiles, ...read];

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
