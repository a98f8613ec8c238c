/**
 * Wrong set-ups, as new users make them, against real servers. The table in docs/troubleshooting.md is what the program
 * says: `npx vitest run test/cli/wrong-setups.test.ts -u` writes it.
 */
import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import type { Misbehaviour } from '../support/fake-vllm/misbehaviour.ts';
import { startFakeVllm, type FakeVllmOptions } from '../support/fake-vllm/server.ts';
import { runProgram } from '../support/program.ts';
import { startSilent } from '../support/silent-server.ts';

const DOCUMENT = '../../docs/troubleshooting.md';

type Setup = {
  readonly name: string;
  readonly server?: FakeVllmOptions & { readonly misbehave?: Misbehaviour };
  /** `host`: that of the server, with its port */
  readonly env: (host: string) => Readonly<Record<string, string>>;
  readonly question?: string;
};

const at = (host: string, more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  THINKMETER_BASE_URL: `http://${host}/v1`,
  ...more,
});

const setups: readonly Setup[] = [
  { name: 'the server listens on another port', env: () => at('127.0.0.1:2') },
  {
    name: 'a wrong key',
    server: { apiKey: 'right' },
    env: (host) => at(host, { THINKMETER_API_KEY: 'wrong' }),
  },
  { name: '`https` for a server that speaks http', env: (host) => ({ THINKMETER_BASE_URL: `https://${host}/v1` }) },
  {
    name: 'a model that the server does not have',
    env: (host) => at(host, { THINKMETER_MODEL: 'nvidia/NVIDIA-Nemotron-Nano-9B-v2' }),
  },
  {
    name: 'only an embedding model',
    server: { servedName: 'nomic-embed-text' },
    env: (host) => at(host),
  },
  {
    name: 'a variable with a typing error',
    env: (host) => ({ ...at(host), THINKMETER_MODLE: 'thinkmeter-demo', THINKMETER_MAX_SECONDS: '45s' }),
  },
  {
    name: 'a proxy that does not answer',
    env: () => ({ THINKMETER_BASE_URL: 'http://gpu-box.example/v1', HTTP_PROXY: 'http://127.0.0.1:3' }),
  },
  { name: 'a sleeping server', server: { misbehave: { asleep: true } }, env: (host) => at(host) },
  {
    name: 'a window that is too small',
    server: { window: 256 },
    env: (host) => at(host),
    question: `Is it so? ${'nine '.repeat(300)}`,
  },
];

/** What the program says on stderr, with the addresses that a reader would see. */
async function said({ server = {}, env, question = 'Is it so?' }: Setup): Promise<string> {
  const fake = await startFakeVllm(server);
  onTestFinished(() => fake.close());
  const { host } = new URL(fake.url);
  const { stderr } = await runProgram({ args: ['ask', question], env: env(host) });
  return toCell(stderr, host);
}

function toCell(stderr: string, host: string): string {
  return (
    stderr
      .replaceAll(host, 'localhost:8000')
      .replaceAll('127.0.0.1:2', 'localhost:8001')
      .replaceAll('127.0.0.1:3', 'proxy:3128')
      .replaceAll(/^\{.*\}$/gm, (line) => (JSON.parse(line) as { msg: string }).msg)
      .replaceAll(/^thinkmeter: /gm, '')
      // said inside of a container only
      .replaceAll(/ Inside this container, .*$/gm, '')
      .trim()
      .replaceAll('\n', '<br>')
      .replaceAll('|', '\\|')
  );
}

/** It accepts connections and never answers: with `ask` the limit of a request to the list of models decides. */
async function silent(): Promise<string> {
  const server = await startSilent();
  const { host } = new URL(server.url);
  const { stderr } = await runProgram({ args: ['ask', '--max-seconds', '3', 'Is it so?'], env: at(host) });
  return toCell(stderr, host);
}

test('each wrong set-up is told what is wrong, and the table says the same', async () => {
  const rows: string[] = [];
  for (const setup of setups) {
    // oxlint-disable-next-line no-await-in-loop -- one program at a time: each loads, and the machine may be small
    rows.push(`| ${setup.name} | ${await said(setup)} |`);
  }
  rows.push(`| a server that accepts requests and never answers | ${await silent()} |`);
  for (const row of rows) expect(row).toMatch(/[.!?] \|$/);
  const document = readFileSync(new URL(DOCUMENT, import.meta.url), 'utf8');
  const table = ['| set-up | what thinkmeter says |', '|---|---|', ...rows].join('\n');
  const written = document.replace(
    /(<!-- set-ups:[^>]*-->\n)[^]*(<!-- \/set-ups -->)/,
    (_, begin: string, end: string) => `${begin}\n${table}\n\n${end}`,
  );
  await expect(written).toMatchFileSnapshot(DOCUMENT);
});
