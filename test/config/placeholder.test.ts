/** Placeholders that a client did not replace. */
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { SETTINGS, type SettingName } from '../../src/config/options.ts';

const names = Object.keys(SETTINGS) as SettingName[];

/** As written, and as shown. */
const placeholders = [
  // anthropics/claude-code#80197, zhukunpenglinyutong/jetbrains-cc-gui#1724
  ['${NVIDIA_API_KEY}', '${NVIDIA_API_KEY}'],
  // modelcontextprotocol/mcpb#250: an optional field that was left empty
  ['${user_config.model}', '${user_config.model}'],
  // VS Code and Cursor
  ['${input:api-key}', '${input:api-key}'],
  ['${env:NVIDIA_API_KEY}', '${env:NVIDIA_API_KEY}'],
  // can1357/oh-my-pi#8778: OpenCode's placeholder in another client
  ['{env:NVIDIA_API_KEY}', '{env:NVIDIA_API_KEY}'],
  ['{file:~/.key}', '{…}'],
  // anthropics/claude-code#916; NVIDIA's examples have $API_KEY_REQUIRED_IF_EXECUTING_OUTSIDE_NGC
  ['$API_KEY_REQUIRED_IF_EXECUTING_OUTSIDE_NGC', '$API_KEY_REQUIRED_IF_EXECUTING_OUTSIDE_NGC'],
  ['$NVIDIA_API_KEY', '$NVIDIA_API_KEY'],
  ['$env:NVIDIA_API_KEY', '$env:NVIDIA_API_KEY'],
  ['%NVIDIA_API_KEY%', '%NVIDIA_API_KEY%'],
  // google-gemini/gemini-cli#28248
  ['{{NVIDIA_API_KEY}}', '{{NVIDIA_API_KEY}}'],
  ['{{ secrets.key }}', '{{ secrets.key }}'],
  ['undefined', 'undefined'],
  ['null', 'null'],
  ['None', 'None'],
  ['[object Object]', '[object Object]'],
  // what may be secret is not shown
  ['${NVIDIA_API_KEY:-nvapi-secret}', '${NVIDIA_API_KEY:…}'],
  ['${A:-${B:-nvapi-secret}}', '${A:…}'],
  ['${nvapi-secret}', '${…}'],
  ['<nvapi-secret>', '<…>'],
  ['$(echo nvapi-secret)', '$(…)'],
  ['"${NVIDIA_API_KEY}"', '${NVIDIA_API_KEY}'],
  ['Bearer ${NVIDIA_API_KEY}', '${NVIDIA_API_KEY}'],
] as const;

describe.each(placeholders)('%s', (text, shown) => {
  test('a setting that is only this placeholder is absent, with a warning', () => {
    const { variable } = SETTINGS.apiKey;
    const { config, problems, warnings } = loadConfig({}, { [variable]: text });
    expect({ apiKey: config.apiKey, problems }).toEqual({ apiKey: undefined, problems: [] });
    expect(warnings.map(({ what }) => what)).toEqual([
      `${variable} is the placeholder ${shown}, which was not replaced, so ${variable} is ignored`,
    ]);
    expect(JSON.stringify(warnings)).not.toContain('nvapi-secret');
  });
});

test.each(names)('the setting %s has its default instead of a placeholder, from a flag or a variable', (name) => {
  const { flag, variable } = SETTINGS[name];
  const { config, problems, warnings } = loadConfig({ [name]: '${user_config.value}' }, { [variable]: 'undefined' });
  expect({ config, problems }).toEqual({ config: loadConfig({}, {}).config, problems: [] });
  expect(warnings.map(({ what }) => what.split(' ')[0])).toEqual([flag, variable]);
});

test('a flag that is a placeholder leaves the word to the variable', () => {
  const { config } = loadConfig({ model: '${MODEL}' }, { THINKMETER_MODEL: 'a-model' });
  expect(config.model).toBe('a-model');
});

const partly = [
  ['THINKMETER_BASE_URL', 'http://${GPU_HOST}:8000/v1', '${GPU_HOST}'],
  ['THINKMETER_BASE_URL', 'http://{env:GPU_HOST}:8000/v1', '{env:GPU_HOST}'],
  ['THINKMETER_MODEL', 'nvidia/${env:MODEL}', '${env:MODEL}'],
  ['THINKMETER_MODEL', '$HOME/models/a', '$HOME'],
  ['THINKMETER_API_KEY', 'nvapi-${SECRET_PART}', '${SECRET_PART}'],
  ['THINKMETER_MAX_SECONDS', '${A}${B}', '${A}'],
] as const;

// the default would be wrong: the person has set something
test.each(partly)('%s as %s is a problem, because only a part of it is a placeholder', (variable, text, shown) => {
  expect(loadConfig({}, { [variable]: text }).problems.map(({ what }) => what)).toEqual([
    `${variable} contains ${shown}, which is a placeholder that was not replaced`,
  ]);
});

const no = [
  ['THINKMETER_API_KEY', 'pa$SWORD%20%x{y}'],
  ['THINKMETER_API_KEY', 'EMPTY'],
  ['THINKMETER_API_KEY', 'none'],
  ['THINKMETER_MODEL', 'nvidia/NVIDIA-Nemotron-Nano-9B-v2'],
  ['THINKMETER_SYSTEM_PROMPT', 'Fill ${NAME} and {{name}}.'],
  ['THINKMETER_BASE_URL', 'http://gpu-box:8000/a%20b%20c'],
] as const;

test.each(no)('%s as %s has no placeholder', (variable, text) => {
  expect(loadConfig({}, { [variable]: text })).toMatchObject({ problems: [], warnings: [] });
});
