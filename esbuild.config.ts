/**
 * Builds what is shipped: the program and the embedded engine's worker, each in one file or few, with all that they
 * need inside. A bundle starts faster than a tree of packages (`npm run bench:start`) and installs nothing at run time.
 */
import { build } from 'esbuild';
import { rmSync } from 'node:fs';

rmSync('dist', { recursive: true, force: true });

await build({
  entryPoints: { main: 'src/main.ts', worker: 'src/engine/embedded/worker.ts' },
  outdir: 'dist',
  bundle: true,
  // what only one command needs stays in a file of its own, loaded with that command
  splitting: true,
  chunkNames: 'parts/[name]-[hash]',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  // packages written for `require` expect it
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  external: ['@huggingface/transformers'],
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'linked',
  logLevel: 'warning',
});
