/** What is wrong, or could be better, each with the sentence that mends it. A row each. */
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
  /** how long a prompt token took beside a generated one; absent: nothing was timed */
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
          what: `the window is ${window} tokens: a prompt, ${DEFAULT_THINKING_BUDGET} for thinking and 1024 for the answer do not fit`,
          fix: 'start the server with a longer --max-model-len, or lower thinking_budget and answer_tokens',
          grave: window < LEAST_ROOM,
        }
      : undefined,
  ({ facts: { countedBy }, engine }) =>
    engine?.prompts === 'messages'
      ? {
          what: `this server (${engine.kind}) takes messages only: a cut goes on in a second call, and tokens are counted by ${countedBy}`,
          fix: moreFrom(engine.kind, countedBy),
          grave: false,
        }
      : undefined,
  ({ facts: { native }, tried }) => {
    const why = tried['native'];
    if (native === undefined || why === undefined || why === 'held') return undefined;
    const fix = why.includes('reasoning_config')
      ? "nothing has to be done: thinkmeter cuts the stream itself. For the server's own budget, start it with --reasoning-parser nemotron_v3"
      : 'nothing has to be done: thinkmeter cuts the stream itself';
    return { what: `the server's own ${native.field} is not used: ${why}`, fix, grave: false };
  },
  ({ tried }) =>
    tried['stream'] === undefined || tried['stream'] === 'held'
      ? undefined
      : {
          what: `streams are not cut on this server: ${tried['stream']}`,
          fix: 'where nginx stands between, set `proxy_buffering off;` in its location; until then thinking is capped by a request of its own',
          grave: false,
        },
  ({ engine }) =>
    engine !== undefined && engine.silent.length > 0
      ? {
          what: `${engine.silent.join(', ')} ${engine.silent.length === 1 ? 'accepts a request and does' : 'accept requests and do'} not answer in time: what they would show is not known`,
          fix: 'check the gateway in front of the server: it should answer 404 to what it does not pass on',
          grave: false,
        }
      : undefined,
  ({ engine }) =>
    /nginx/i.test(engine?.answeredBy ?? '')
      ? {
          what: `${engine?.answeredBy} stands between: it buffers streams unless it is told not to, and then progress and cuts come late`,
          fix: 'set `proxy_buffering off;` in the location of this server',
          grave: false,
        }
      : undefined,
  ({ facts: { model }, engine }) =>
    engine?.toLoad !== undefined
      ? {
          what: `${model} is not loaded: the first call waits until it is, and may run out of time`,
          fix: engine.toLoad,
          grave: false,
        }
      : undefined,
  ({ facts: { prefixCaching, family }, promptRatio }) =>
    prefixCaching === false
      ? {
          what: `prefix caching is off: after a cut the server reads the prompt and the thoughts again${costOf(promptRatio)}`,
          fix: family.name.startsWith('nemotron')
            ? 'on this Mamba hybrid start vLLM with --enable-prefix-caching --mamba-cache-mode align; it hits in large blocks only, so long prompts gain'
            : 'start the server with --enable-prefix-caching',
          grave: false,
        }
      : undefined,
  ({ load }) =>
    load !== undefined && load.waiting > 0
      ? {
          what: `requests are waiting on the server: ${load.waiting}, while it computes ${load.running}`,
          fix: 'raise --max-num-seqs there if its memory allows it, or lower THINKMETER_CONCURRENCY',
          grave: false,
        }
      : undefined,
  ({ load }) =>
    load?.cacheUse !== undefined && load.cacheUse > 0.95
      ? {
          what: `the server's KV cache is ${Math.round(load.cacheUse * 100)} % full: it will preempt requests`,
          fix: 'lower --max-num-seqs or --max-model-len there, or give it more of the GPU (--gpu-memory-utilization)',
          grave: false,
        }
      : undefined,
];

function costOf(promptRatio: number | undefined): string {
  if (promptRatio === undefined) return '';
  return `; timed here, 1000 tokens of those take as long as generating ${Math.max(1, Math.round(promptRatio * 1000))}`;
}

function moreFrom(kind: string, countedBy: Facts['countedBy']): string {
  const through = 'let /tokenize and /v1/completions through whatever stands between';
  const elsewhere = 'use vLLM, where every token is counted by its id';
  const best = kind === 'vllm' ? through : elsewhere;
  return countedBy === 'tokenizer'
    ? best
    : `${best}, or set THINKMETER_TOKENIZER to a folder or hub id with the model's tokenizer`;
}

export function findings(known: Known): Finding[] {
  return RULES.flatMap((rule) => rule(known) ?? []);
}
