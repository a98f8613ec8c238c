/**
 * `server.json`, the entry in the MCP registry, made from package.json and the settings. Its schema is `$schema`. The
 * registry accepts it only if the package on npm has the same `mcpName`.
 */
import packageJson from '../package.json' with { type: 'json' };
import { SETTINGS, type Setting } from '../src/config/options.ts';

/** The registry allows 100 characters. */
const DESCRIPTION = 'Hands problems to NVIDIA Nemotron under an enforced, verified and reported thinking budget.';

export function registryEntry() {
  const { mcpName, name, version } = packageJson;
  return {
    $schema: 'https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json',
    name: mcpName,
    title: name,
    description: DESCRIPTION,
    version,
    packages: [
      {
        registryType: 'npm',
        identifier: name,
        version,
        transport: { type: 'stdio' },
        environmentVariables: Object.values<Setting>(SETTINGS).map(({ variable, help, initial, isSecret = false }) => ({
          name: variable,
          description: help,
          isRequired: false,
          isSecret,
          ...(initial !== '' && { default: initial }),
        })),
      },
    ],
  };
}
