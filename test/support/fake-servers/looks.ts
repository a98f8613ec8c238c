/** What each kind of server answers to GET: its list of models, and the paths by which it can be told. */
import { refuse } from './refusals.ts';
import type { Host, Listed } from './host.ts';
import type { Kind } from './kinds.ts';

const CREATED = 1_790_000_000;

type Looks = (host: Host) => Readonly<Record<string, unknown>>;

const list = (...models: readonly object[]): object => ({
  object: 'list',
  data: models.map((model) => ({ object: 'model', created: CREATED, ...model })),
});

/** FastAPI shows what a body may have. */
const openapi = (...fields: readonly string[]): object => ({
  openapi: '3.1.0',
  components: {
    schemas: { CompletionRequest: { properties: Object.fromEntries(fields.map((field) => [field, {}])) } },
  },
});

/** Services list what they have, and that is a lot. */
const another = 'meta/llama-3.3-70b-instruct';

const offer = (id: string, length: number): object => ({
  id,
  context_length: length,
  top_provider: { context_length: length, max_completion_tokens: null, is_moderated: false },
  supported_parameters: ['include_reasoning', 'max_tokens', 'reasoning', 'temperature', 'top_p'],
});

export const looksOf: Readonly<Record<Kind, Looks>> = {
  'llama.cpp': (host) => {
    const { name, window, model, router } = host;
    const architecture = { input_modalities: ['text'], output_modalities: ['text'] };
    const routed = router
      ?.list(host)
      .map((it) => ({ ...it, owned_by: 'llamacpp', aliases: [], tags: [], architecture }));
    const meta = { n_vocab: model.vocabularySize, n_ctx_train: 131_072, n_params: 1_900_000, size: 7_600_000 };
    return {
      '/health': { status: 'ok' },
      // a slot has its share of the context
      '/props': {
        default_generation_settings: { params: {}, n_ctx: window },
        total_slots: 4,
        model_path: `${name}.gguf`,
        build_info: 'b10488-0badcafe',
      },
      '/v1/models':
        routed === undefined
          ? {
              models: [{ name, model: name, type: 'model' }],
              ...list({ id: name, owned_by: 'llamacpp', meta: { ...meta, n_ctx: 4 * window } }),
            }
          : list(...routed),
    };
  },
  lemonade: ({ name, window, options }) => {
    const { others = [] } = options;
    const about = { checkpoint: `unsloth/${name}:Q4_K_M`, recipe: 'llamacpp' };
    const downloaded = { owned_by: 'lemonade', downloaded: true, update_available: false, suggested: true };
    const isLoaded = options.notLoaded !== true;
    const models = list(
      ...others.map(({ id, type = 'chat' }) => ({ id, ...downloaded, recipe: 'llamacpp', labels: [type] })),
      {
        id: name,
        ...downloaded,
        ...about,
        labels: ['chat'],
        max_context_window: 131_072,
        // of what is loaded, else the longest
        context_length: isLoaded ? window : 131_072,
      },
      // whatever was downloaded, by the alphabet
      { id: 'user.Qwen3-Embedding-GGUF', ...downloaded, recipe: 'llamacpp', labels: ['embeddings'] },
    );
    const loaded = {
      model_name: name,
      ...about,
      type: 'llm',
      device: 'gpu',
      recipe_options: { ctx_size: window, llamacpp_backend: 'vulkan' },
      backend_url: 'http://127.0.0.1:8001/v1',
      is_busy: false,
    };
    // a llama.cpp's own figures, renamed, while there is one
    const figures = ['requests_processing', 'requests_deferred', 'tokens_predicted_total'].map(
      (figure) => `lemonade_llamacpp_${figure}{model_name="${name}",recipe="llamacpp"} 0\n`,
    );
    return {
      '/live': { status: 'ok' },
      '/metrics': `lemonade_server_up 1\n${isLoaded ? figures.join('') : ''}`,
      '/v1/health': {
        status: 'ok',
        version: '11.7.0',
        model_loaded: isLoaded ? name : null,
        all_models_loaded: [
          ...others.filter((it) => it.isLoaded).map(({ id }) => ({ ...loaded, model_name: id })),
          ...(isLoaded ? [loaded] : []),
        ],
        max_models: { llm: 1 },
      },
      '/v1/models': models,
      '/api/v0/models': models,
      // Ollama's API
      '/api/version': { version: '0.16.1' },
      '/api/tags': { models: [{ name: `${name}:latest`, model: `${name}:latest` }] },
      '/api/ps': { models: isLoaded ? [{ name: `${name}:latest`, model: `${name}:latest` }] : [] },
    };
  },
  sglang: ({ name, window }) => {
    const info = { model_path: `models/${name}`, tokenizer_path: `models/${name}`, is_generation: true };
    const server = { ...info, context_length: window, max_req_input_len: window - 5, version: '0.5.21' };
    return {
      '/health': '',
      '/get_model_info': info,
      '/model_info': info,
      '/get_server_info': server,
      '/server_info': server,
      '/openapi.json': openapi('model', 'prompt', 'max_tokens', 'stream', 'custom_params'),
      '/v1/models': list({ id: name, owned_by: 'sglang', root: name, parent: null, max_model_len: window }),
    };
  },
  'tensorrt-llm': ({ name }) => ({
    '/health': '',
    '/version': { version: '1.3.0' },
    '/metrics': [{ numActiveRequests: 0, numQueuedRequests: 0 }],
    '/server_info': { disaggregated_params: null },
    '/openapi.json': openapi('model', 'prompt', 'max_tokens', 'stream', 'thinking_token_budget'),
    '/v1/models': list({ id: name, owned_by: 'tensorrt_llm' }),
  }),
  'lm-studio': ({ name, window, options }) => {
    const about = { type: 'llm', publisher: 'nvidia', arch: 'nemotron_h', compatibility_type: 'gguf' };
    const loaded = { state: 'loaded', loaded_context_length: window };
    const others = (options.others ?? []).map(({ id, type = 'llm', isLoaded }) => ({
      id,
      object: 'model',
      ...about,
      type,
      max_context_length: 8192,
      ...(isLoaded === true ? loaded : { state: 'not-loaded' }),
    }));
    const lengths = { max_context_length: 131_072, ...(options.notLoaded === true ? { state: 'not-loaded' } : loaded) };
    return {
      '/api/v0/models': { object: 'list', data: [...others, { id: name, object: 'model', ...about, ...lengths }] },
      '/v1/models': {
        object: 'list',
        data: [...others.map(({ id }) => id), name].map((id) => ({
          id,
          object: 'model',
          owned_by: 'organization_owner',
        })),
      },
    };
  },
  ollama: ({ name, window, options: { others = [] }, memory }) => {
    const own = { id: name, isLoaded: memory.isLoaded };
    const all = [...others, own];
    const loaded = all
      .filter(({ isLoaded }) => isLoaded)
      .map(({ id }) => ({ name: id, model: id, context_length: window }));
    const tagged = all.map(({ id, type = 'nemotron_h' }: Listed) => ({
      name: id,
      model: id,
      details: { format: 'gguf', family: type, families: [type] },
    }));
    return {
      '/': 'Ollama is running',
      '/api/version': { version: '0.21.0' },
      '/api/tags': { models: tagged },
      '/api/ps': { models: loaded },
      '/v1/models': list(...all.map(({ id }) => ({ id, owned_by: 'library' }))),
    };
  },
  openrouter: ({ name, window, options: { others = [] } }) => ({
    '/v1/models': {
      data: [...others.map(({ id }) => id), another].map((id) => offer(id, 131_072)).concat(offer(name, window)),
    },
  }),
  'build.nvidia.com': ({ name }) => ({
    '/v1/models': list({ id: another, owned_by: 'meta' }, { id: name, owned_by: 'nvidia' }),
  }),
  'nim-1': ({ name, window }) => ({
    '/v1/health/live': { object: 'health.response', message: 'live' },
    '/v1/health/ready': { object: 'health.response', message: 'Service is ready.' },
    '/v1/metadata': {
      assetInfo: [],
      licenseInfo: {},
      modelInfo: [{ modelUrl: `ngc://nim/${name}`, shortName: name }],
      repository_override: '',
      selectedModelProfileId: '0badcafe',
      version: '1.12.0',
    },
    '/v1/version': { release: '1.12.0', api: '1.12.0' },
    '/v1/metrics': 'num_requests_running 0.0\n',
    // owned_by as seen on a 1.x
    '/v1/models': list({ id: name, owned_by: 'system', root: name, parent: null, max_model_len: window }),
  }),
  transformers: ({ name, options }) => ({
    '/health': { status: 'ok' },
    get '/v1/models'() {
      if (options.offline === true) refuse('cannot reach the hub', 500);
      return list({ id: name, owned_by: 'nvidia' });
    },
  }),
};
