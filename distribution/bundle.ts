/** Packs the built program, the demo model and the manifest into an MCP bundle. */
import { packExtension } from '@anthropic-ai/mcpb';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import packageJson from '../package.json' with { type: 'json' };
import { bundleManifest } from './manifest.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The files of the package that the program reads; `model.safetensors` is for vLLM only. */
const CONTENT = [
  'dist',
  'models/thinkmeter-demo/config.json',
  'models/thinkmeter-demo/generation_config.json',
  'models/thinkmeter-demo/tokenizer.json',
  'models/thinkmeter-demo/tokenizer_config.json',
  'models/thinkmeter-demo/onnx',
  'LICENSE',
];

/** @throws {Error} if the manifest is not valid; the reasons are on the console */
export async function packBundle(outputPath: string, silent: boolean): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'thinkmeter-bundle-'));
  try {
    for (const path of CONTENT) {
      mkdirSync(join(folder, path, '..'), { recursive: true });
      cpSync(join(ROOT, path), join(folder, path), { recursive: true });
    }
    writeFileSync(join(folder, 'manifest.json'), `${JSON.stringify(bundleManifest(), null, 2)}\n`);
    // Node reads from it that the program consists of ES modules
    const { name, version, type, license } = packageJson;
    writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ name, version, type, license }, null, 2)}\n`);
    if (!(await packExtension({ extensionPath: folder, outputPath, silent })))
      throw new Error('the bundle was not packed');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
