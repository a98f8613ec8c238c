/** The model that is used: the operator's, else a Nemotron, else a loaded chat model; in doubt the operator has to say. */
import * as fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createRemoteEngine, type RemoteOptions } from '../../../../src/engine/remote/engine.ts';
import { chooseModel, type Choice } from '../../../../src/engine/remote/server/choose-model.ts';
import { dialectNamed } from '../../../../src/engine/remote/server/recognise.ts';
import { modelList } from '../../../../src/engine/remote/http/wire.ts';
import { startFakeServer } from '../../../support/fake-servers/server.ts';
import type { FakeServerOptions } from '../../../support/fake-servers/host.ts';
import type { Kind } from '../../../support/fake-servers/kinds.ts';
import { factsOf } from '../../reading.ts';

const NANO = 'nvidia/NVIDIA-Nemotron-Nano-9B-v2';

type Given = { readonly wanted?: string; readonly dialect?: string };

function choose(models: readonly object[], { wanted, dialect = 'unknown' }: Given = {}): Choice {
  const { data } = modelList.parse({ data: models });
  const found = { host: 'h', models: data, owner: undefined, serverHeader: undefined, answers: new Map(), silent: [] };
  return chooseModel({ root: 'http://h:1', wanted, found, dialect: dialectNamed(dialect) });
}

const named = (...ids: readonly string[]): readonly object[] => ids.map((id) => ({ id }));
const chosen = (models: readonly object[], given?: Given): string => choose(models, given).served.id;

describe('without a configured name', () => {
  // osaurus-ai/osaurus#884, Vigil-SOC/vigil#1003, ogx-ai/ogx-client-python#66
  test.each([
    ['nomic-embed-text:latest', 'llama3.2:3b'],
    ['BAAI/bge-m3', 'qwen3-8b'],
    ['intfloat/e5-mistral-7b-instruct', 'mistral-7b-instruct'],
    ['Qwen/Qwen3-Reranker-4B', 'Qwen/Qwen3-4B'],
    ['openai/whisper-large-v3', 'llama3.2:3b'],
    ['nvidia/llama-3.2-nv-embedqa-1b-v2', NANO],
    ['nvidia/llama-nemotron-rerank-1b-v2', NANO],
    ['nvidia/llama-3.1-nemotron-70b-reward', NANO],
    ['nvidia/nemotron-3.5-content-safety', 'meta/llama-3.3-70b-instruct'],
    ['meta/llama-guard-4-12b', 'meta/llama-3.3-70b-instruct'],
    ['text-embedding-nomic-embed-text-v1.5', 'gemma-3-27b-it-qat'],
    ['gte-large', 'phi-4'],
    ['kokoro-tts', 'phi-4'],
  ])('%s is passed over for %s', (other, chat) => {
    expect(chosen(named(other, chat))).toBe(chat);
    expect(chosen(named(chat, other))).toBe(chat);
  });

  test.each(['gemma-3-27b', 'command-r-plus', 'clippy-7b', 'granite-4-small', 'deepseek-r1', 'oracle-e55-chat', NANO])(
    '%s is a chat model',
    (id) => {
      expect(chosen(named(id))).toBe(id);
    },
  );

  test("a Nemotron is taken before others, by its own name or its folder's", () => {
    expect(chosen(named('llama-3', NANO))).toBe(NANO);
    expect(chosen([{ id: 'llama-3' }, { id: 'prod', root: `/weights/${NANO}` }])).toBe('prod');
  });

  test.each([
    { name: "Together's type", other: { id: 'm1', type: 'embedding' }, chat: { id: 'm2', type: 'chat' } },
    {
      name: "Mistral's capabilities",
      other: { id: 'm1', capabilities: { completion_chat: false } },
      chat: { id: 'm2', capabilities: { completion_chat: true } },
    },
    { name: "Lemonade's labels", other: { id: 'm1', labels: ['reranking'] }, chat: { id: 'm2', labels: ['chat'] } },
    {
      name: "OpenRouter's modalities",
      other: { id: 'm1', architecture: { output_modalities: ['image'] } },
      chat: { id: 'm2', architecture: { output_modalities: ['text'] } },
    },
    {
      name: "llama.cpp's decisions",
      other: { id: 'm1', architecture: { output_modalities: ['decisions'] } },
      chat: { id: 'm2', architecture: { output_modalities: ['text'] } },
    },
  ])("the server's own field counts more than the name: $name", ({ other, chat }) => {
    expect(chosen([other, chat])).toBe('m2');
  });

  test('a field in a format of its own is passed over', () => {
    expect(
      chosen([{ id: 'm1', type: 7, capabilities: ['x'], labels: 'chat', architecture: 'llama', status: 'ok' }]),
    ).toBe('m1');
  });

  test('if a server lists no chat model, the error says so', () => {
    expect(() => choose(named('nomic-embed-text'))).toThrow(/lists no chat model, only nomic-embed-text/);
  });

  const many = Array.from({ length: 400 }, (_, index) => `vendor-${index}/some-model-${index}`);

  test('among very many models the operator has to choose; the error names the Nemotrons first, and few', () => {
    for (const dialect of ['openrouter', 'unknown', 'build.nvidia.com']) {
      const models = named(...many, NANO);
      const error = catching(() => choose(models, { dialect }));
      expect(error).toMatchObject({ code: 'ENGINE_HTTP', hint: expect.stringContaining('THINKMETER_MODEL') as string });
      expect(error.message).toContain(`401 models`);
      expect(error.message).toContain(`some are ${NANO}, `);
      expect(error.message.length).toBeLessThan(600);
    }
  });

  test('a service with one model leaves no choice', () => {
    expect(chosen(named(NANO), { dialect: 'openrouter' })).toBe(NANO);
  });
});

describe('with a configured name', () => {
  test.each([
    { listed: 'nemotron:latest', wanted: 'nemotron', warns: false },
    { listed: NANO, wanted: NANO.toLowerCase(), warns: true },
    { listed: NANO, wanted: 'NVIDIA-Nemotron-Nano-9B-v2', warns: true },
    { listed: 'NVIDIA-Nemotron-Nano-9B-v2', wanted: NANO, warns: true },
    { listed: 'nano.gguf', wanted: 'nano', warns: true },
  ])('$wanted means $listed', ({ listed, wanted, warns }) => {
    const { served, warning } = choose(named('other', listed), { wanted });
    expect(served.id).toBe(listed);
    expect(warning?.includes(listed) ?? false).toBe(warns);
  });

  test('the name itself comes before names that resemble it', () => {
    expect(choose(named('Nano', 'nano'), { wanted: 'nano' })).toEqual({ served: { id: 'nano' } });
  });

  test('what resembles two names is an error', () => {
    expect(() => choose(named('a/nano', 'b/nano'), { wanted: 'nano' })).toThrow(/serves a\/nano, b\/nano, not nano/);
  });

  test("llama.cpp's aliases and OpenRouter's variants are names too", () => {
    expect(chosen([{ id: 'canonical', aliases: ['short'] }], { wanted: 'short' })).toBe('canonical');
    const wanted = `${NANO}:nitro`;
    expect(chosen(named('x', NANO), { wanted, dialect: 'openrouter' })).toBe(wanted);
  });

  // with 400 names and a typing error the message was 16,019 characters long
  test('a misspelt name is answered with the closest dozen', () => {
    const many = Array.from({ length: 400 }, (_, index) => `vendor-${index}/some-model-${index}`);
    const error = catching(() => choose(named(...many, NANO), { wanted: 'nvidia/NVIDIA-Nemtron-Nano-9B-v2' }));
    expect(error.message).toMatch(`the closest names are ${NANO}, `);
    expect(error.message.length).toBeLessThan(600);
  });

  test('whatever is listed, an error stays short', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1, maxLength: 400 }), { maxLength: 50 }), (ids) => {
        const error = catching(() => choose(named(...ids), { wanted: ' not there ' }));
        expect(error.message.length).toBeLessThan(600);
      }),
    );
  });
});

async function modelAt(kind: Kind, fake: FakeServerOptions, options: Partial<RemoteOptions> = {}): Promise<string> {
  const server = await startFakeServer(kind, fake);
  const engine = createRemoteEngine({ baseUrl: server.url, ...options });
  onTestFinished(async () => {
    await engine.close();
    await server.close();
  });
  return (await factsOf(engine)).model;
}

describe('what loaded models are known', () => {
  const others = [
    { id: 'm1', type: 'embeddings', isLoaded: true },
    { id: 'm2', type: 'llm' },
    { id: 'm3', type: 'llm', isLoaded: true },
    { id: 'm4', type: 'llm' },
  ];
  const asOllama = others.map((it) => ({ ...it, type: it.type === 'llm' ? 'llama' : 'nomic-bert' }));
  const plain = { name: 'plain', notLoaded: true };

  // gitbutlerapp/gitbutler#8706: LM Studio lists every model that was downloaded
  test.each<[Kind, FakeServerOptions]>([
    ['lm-studio', { others }],
    ['ollama', { others: asOllama }],
    ['lemonade', { others }],
  ])('%s: a loaded chat model is taken before the first of the list', async (kind, options) => {
    expect(await modelAt(kind, { ...options, ...plain })).toBe('m3');
  });

  test.each<[Kind, FakeServerOptions]>([
    ['lm-studio', { others }],
    ['ollama', { others: asOllama }],
    ['lemonade', { others }],
  ])('%s: a Nemotron is taken although another is loaded', async (kind, options) => {
    const name = 'nemotron-3-nano';
    expect(await modelAt(kind, { ...options, name, notLoaded: true })).toBe(name);
  });

  test('llama.cpp as a router: the loaded model', async () => {
    expect(await modelAt('llama.cpp', { name: 'plain', router: { others: ['m1', 'm2'] } })).toBe('plain');
  });
});

function catching(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}
