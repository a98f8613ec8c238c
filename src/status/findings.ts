/** What is wrong, or could be better, each with the sentence that fixes it. A row each. */
import { DEFAULT_THINKING_BUDGET } from '../budget/presets.ts';
import type { EngineStatus, Facts, Load } from '../engine/engine.ts';

export type Finding = {
  readonly what: string;
  readonly fix: string;
  /** no call can be answered as it should be */
  readonly grave: boolean;
};

type Known = {
  readonly facts: Facts;
  readonly engine?: EngineStatus;
  readonly load?: Load;
  readonly tried: Readonly<Record<string, string>>;
  /** how long a prompt token took compared with a generated one; absent: nothing was timed */
  readonly promptRatio?: number;
};

type Rule = (known: Known) => Finding | undefined;

/** A prompt, the default budget and an answer of the default length take this much. */
const ROOMY = 2048;
const LEAST_ROOM = DEFAULT_THINKING_BUDGET + 256;

const RULES: readonly Rule[] = [
  ({ facts: { window } }) =>
    window < ROOMY
      ? {
          what: `the window is ${window} tokens: a prompt, ${DEFAULT_THINKING_BUDGET} thinking tokens and 1024 answer tokens do not fit`,
          fix: 'start the server with a longer --max-model-len, or lower thinking_budget and answer_tokens',
          grave: window < LEAST_ROOM,
        }
      : undefined,
  ({ facts: { countedBy }, engine }) =>
    engine?.prompts === 'messages'
      ? {
          what: `this server${engine.kind === 'unknown' ? '' : ` (${engine.kind})`} is used over chat completions only: a cut continues in a second request, and tokens are counted by ${countedBy}`,
          fix: moreFrom(engine.kind, countedBy),
          grave: false,
        }
      : undefined,
  ({ facts: { native }, tried }) => {
    const why = tried['native'];
    if (native === undefined || why === undefined || why === 'held') return undefined;
    const fix = why.includes('reasoning_config')
      ? "no action is needed: thinkmeter cuts the stream itself. To use the server's own budget, start the server with --reasoning-parser nemotron_v3"
      : 'no action is needed: thinkmeter cuts the stream itself';
    return { what: `the server's own ${native.field} is not used: ${why}`, fix, grave: false };
  },
  ({ tried }) =>
    tried['stream'] === undefined || tried['stream'] === 'held'
      ? undefined
      : {
          what: `streams are not cut on this server: ${tried['stream']}`,
          fix: 'if nginx is in front of the server, set `proxy_buffering off;` in its location; until then, a capped first request limits the thinking',
          grave: false,
        },
  ({ engine }) =>
    engine !== undefined && engine.silent.length > 0
      ? {
          what: `${engine.silent.join(', ')} ${engine.silent.length === 1 ? 'accepts requests but does' : 'accept requests but do'} not answer in time, so what the server supports there is unknown`,
          fix: 'check the gateway in front of the server: it should answer 404 for a path that it does not forward',
          grave: false,
        }
      : undefined,
  ({ engine }) =>
    /nginx/i.test(engine?.answeredBy ?? '')
      ? {
          what: `${engine?.answeredBy} is in front of the server: by default it buffers streams, and then progress and cuts are late`,
          fix: 'set `proxy_buffering off;` in the location of this server',
          grave: false,
        }
      : undefined,
  ({ facts: { model }, engine }) =>
    engine?.toLoad !== undefined
      ? {
          what: `${model} is not loaded: the first call waits for it to load, and may run out of time`,
          fix: engine.toLoad,
          grave: false,
        }
      : undefined,
  ({ facts: { prefixCaching, family }, promptRatio }) =>
    prefixCaching === false
      ? {
          what: `prefix caching is off: after a cut, the server computes the prompt and the thinking again${costOf(promptRatio)}`,
          fix: family.name.startsWith('nemotron')
            ? 'on this Mamba hybrid, start vLLM with --enable-prefix-caching --mamba-cache-mode align; only large blocks hit the cache, so only long prompts benefit'
            : 'start the server with --enable-prefix-caching',
          grave: false,
        }
      : undefined,
  ({ load }) =>
    load !== undefined && load.waiting > 0
      ? {
          what: `requests are waiting on the server: ${load.waiting} waiting, ${load.running} running`,
          fix: 'raise --max-num-seqs on the server if its memory allows it, or lower THINKMETER_CONCURRENCY',
          grave: false,
        }
      : undefined,
  ({ load }) =>
    load?.cacheUse !== undefined && load.cacheUse > 0.95
      ? {
          what: `the server's KV cache is ${Math.round(load.cacheUse * 100)} % full: the server will preempt requests`,
          fix: 'lower --max-num-seqs or --max-model-len on the server, or raise --gpu-memory-utilization',
          grave: false,
        }
      : undefined,
];

function costOf(promptRatio: number | undefined): string {
  if (promptRatio === undefined) return '';
  return `; measured here, computing 1000 of these tokens takes as long as generating ${Math.max(1, Math.round(promptRatio * 1000))}`;
}

function moreFrom(kind: string, countedBy: Facts['countedBy']): string {
  const through = 'make every proxy in front of the server forward /tokenize and /v1/completions';
  const elsewhere = 'use vLLM, where every token is counted by its id';
  const best = kind === 'vllm' ? through : elsewhere;
  return countedBy === 'tokenizer'
    ? best
    : `${best}, or set THINKMETER_TOKENIZER to a folder or hub id that has the model's tokenizer`;
}

export function findings(known: Known): Finding[] {
  return RULES.flatMap((rule) => rule(known) ?? []);
}
