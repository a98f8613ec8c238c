/** Variables that begin like settings and are none. */
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { SETTINGS } from '../../src/config/options.ts';
import { unknownVariables } from '../../src/config/unknown-variables.ts';

const misspelt = [
  // a typing error starts the server with the defaults, in silence (margince/margince#1568)
  ['THINKMETER_BASEURL', 'THINKMETER_BASE_URL'],
  ['THINKMETER_BASE_ULR', 'THINKMETER_BASE_URL'],
  ['THINKMETER_BASE-URL', 'THINKMETER_BASE_URL'],
  ['thinkmeter_base_url', 'THINKMETER_BASE_URL'],
  ['THINKMETER_URL', 'THINKMETER_BASE_URL'],
  ['THINKMETER_ENDPOINT', 'THINKMETER_BASE_URL'],
  ['THINKMETER_VLLM_BASE_URL', 'THINKMETER_BASE_URL'],
  ['THINKMETER_APIKEY', 'THINKMETER_API_KEY'],
  ['THINKMETER_KEY', 'THINKMETER_API_KEY'],
  ['THINKMETER_MODLE', 'THINKMETER_MODEL'],
  ['THINKMETER_MODEL_NAME', 'THINKMETER_MODEL'],
  ['THINKMETER_TOKENISER', 'THINKMETER_TOKENIZER'],
  ['THINKMETER_BUDGET', 'THINKMETER_USE_CASE'],
  ['THINKMETER_TIMEOUT', 'THINKMETER_MAX_SECONDS'],
  ['THINKMETER_SECONDS', 'THINKMETER_MAX_SECONDS'],
  ['THINKMETER_LOGLEVEL', 'THINKMETER_LOG_LEVEL'],
  ['THINKMETER_DEBUG', 'THINKMETER_LOG_LEVEL'],
  ['THINKMETER_RESOURCE_LINK', 'THINKMETER_RESOURCE_LINKS'],
] as const;

test.each(misspelt)('%s has a warning that names %s', (name, right) => {
  const { config, problems, warnings } = loadConfig({}, { [name]: 'nvapi-secret' });
  expect({ config, problems }).toEqual({ config: loadConfig({}, {}).config, problems: [] });
  expect(warnings.map(({ what }) => what)).toEqual([`${name} is not a setting of thinkmeter and has no effect`]);
  expect(warnings[0]?.fix).toContain(`use ${right} (`);
  expect(JSON.stringify(warnings)).not.toContain('nvapi-secret');
});

test('a variable that resembles no setting has a warning without a proposal', () => {
  const { warnings } = loadConfig({}, { THINKMETER_FLAVOUR: 'mint' });
  expect(warnings.map(({ fix }) => fix)).toEqual(['remove THINKMETER_FLAVOUR; thinkmeter --help lists the settings']);
});

const fine = {
  ...Object.fromEntries(Object.values(SETTINGS).map(({ variable }) => [variable, 'x'])),
  // cbcoutinho/nextcloud-mcp-server#1216: Kubernetes adds these for a service of that name
  THINKMETER_SERVICE_HOST: '10.0.0.7',
  THINKMETER_SERVICE_PORT: '80',
  THINKMETER_SERVICE_PORT_HTTP: '80',
  THINKMETER_PORT: 'tcp://10.0.0.7:80',
  THINKMETER_PORT_80_TCP: 'tcp://10.0.0.7:80',
  THINKMETER_PORT_80_TCP_ADDR: '10.0.0.7',
  THINKMETER_API_SERVICE_HOST: '10.0.0.8',
  // blank, and others' variables
  THINKMETER_NOTHING: ' ',
  BASE_URL: 'http://other',
  OPENAI_API_KEY: 'sk-other',
  MY_THINKMETER_KEY: 'other',
};

test('settings, variables of Kubernetes and variables of other programs have no warning', () => {
  expect(unknownVariables(fine)).toEqual([]);
});

test('a variable in other letters that Windows reads all the same has no warning', () => {
  const env = { thinkmeter_model: 'a-model', THINKMETER_MODEL: 'a-model' };
  expect(unknownVariables(env)).toEqual([]);
});
