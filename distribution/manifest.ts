/**
 * The manifest of the MCP bundle (`npm run mcpb`), made from the settings and the tools. Its form is
 * github.com/modelcontextprotocol/mcpb MANIFEST.md, version 0.3; `@anthropic-ai/mcpb` validates it.
 */
import packageJson from '../package.json' with { type: 'json' };
import { SETTINGS, type Setting, type SettingName } from '../src/config/options.ts';
import { tools } from '../tools/index.ts';

type Field = {
  readonly setting: SettingName;
  readonly title: string;
  readonly type: 'string' | 'number';
  /** an empty text is a setting that is not set; without a default, some hosts pass the placeholder itself */
  readonly initial: string | number;
  readonly least?: number;
  readonly most?: number;
};

/** What a person is asked for when installing the bundle. All of it is optional. */
const FIELDS: readonly Field[] = [
  { setting: 'baseUrl', title: 'Address of the model server', type: 'string', initial: '' },
  { setting: 'apiKey', title: 'API key', type: 'string', initial: '' },
  { setting: 'model', title: 'Model', type: 'string', initial: '' },
  { setting: 'engine', title: 'Engine', type: 'string', initial: 'vllm' },
  { setting: 'useCase', title: 'Use case', type: 'string', initial: '' },
  { setting: 'maxSeconds', title: 'Time limit of a call', type: 'number', initial: 45, least: 0, most: 86_400 },
];

/** `baseUrl` → `base_url` */
function fieldName(setting: string): string {
  return setting.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

export function bundleManifest() {
  const { name, version, description, license, engines } = packageJson;
  const settings: Readonly<Record<SettingName, Setting>> = SETTINGS;
  return {
    manifest_version: '0.3' as const,
    name,
    display_name: 'thinkmeter',
    version,
    description,
    author: { name: 'The thinkmeter authors' },
    license,
    server: {
      type: 'node' as const,
      entry_point: 'dist/main.js',
      mcp_config: {
        command: 'node',
        args: ['${__dirname}/dist/main.js'],
        env: Object.fromEntries(
          FIELDS.map(({ setting }) => [settings[setting].variable, `\${user_config.${fieldName(setting)}}`]),
        ),
      },
    },
    tools: tools.map((tool) => ({ name: tool.name, description: tool.description })),
    compatibility: { platforms: ['darwin', 'win32', 'linux'] as const, runtimes: { node: engines.node } },
    user_config: Object.fromEntries(
      FIELDS.map(({ setting, title, type, initial, least, most }) => [
        fieldName(setting),
        {
          type,
          title,
          description: settings[setting].help,
          required: false,
          default: initial,
          ...(settings[setting].isSecret === true && { sensitive: true }),
          ...(least !== undefined && { min: least }),
          ...(most !== undefined && { max: most }),
        },
      ]),
    ),
  };
}
