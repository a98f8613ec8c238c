/**
 * `server.json` is made from the code; `npx vitest run test/distribution -u` writes it. The rules below are those of the
 * registry's schema of 2025-12-11 (modelcontextprotocol/static, schemas/2025-12-11/server.schema.json) that concern an
 * npm package, and stricter: unknown fields are mistakes.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import * as z from 'zod';
import packageJson from '../../package.json' with { type: 'json' };
import { registryEntry } from '../../distribution/registry.ts';

const SERVER_JSON = new URL('../../server.json', import.meta.url);

const variable = z.strictObject({
  name: z.string(),
  description: z.string(),
  isRequired: z.boolean(),
  isSecret: z.boolean(),
  default: z.string().optional(),
});

const isOneVersion = (version: string): boolean => /^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version);

const serverJson = z.strictObject({
  $schema: z.literal('https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json'),
  name: z
    .string()
    .min(3)
    .max(200)
    .regex(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/),
  title: z.string().min(1).max(100),
  description: z.string().min(1).max(100),
  version: z.string().max(255).refine(isOneVersion),
  packages: z.tuple([
    z.strictObject({
      registryType: z.literal('npm'),
      identifier: z.string(),
      version: z.string().refine(isOneVersion),
      transport: z.strictObject({ type: z.literal('stdio') }),
      environmentVariables: z.array(variable),
    }),
  ]),
});

test('server.json is what the code says', async () => {
  await expect(`${JSON.stringify(registryEntry(), null, 2)}\n`).toMatchFileSnapshot('../../server.json');
});

test('it follows the rules of the registry, with the version and the name of the package', () => {
  const { name, version, packages } = serverJson.parse(JSON.parse(readFileSync(SERVER_JSON, 'utf8')));
  expect({ name, version }).toEqual({ name: packageJson.mcpName, version: packageJson.version });
  expect(packages[0]).toMatchObject({ identifier: packageJson.name, version: packageJson.version });
  const secret = packages[0].environmentVariables.filter(({ isSecret }) => isSecret);
  expect(secret.map((it) => it.name)).toEqual(['THINKMETER_API_KEY', 'THINKMETER_HEADERS']);
});
