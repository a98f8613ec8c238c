/** Generates from a prompt of token ids or text, with `/v1/completions` or llama.cpp's own `/completion`. */
import { ConnectionLostError, type Limits, type Piece, type Usage } from '../../engine.ts';
import type { RemoteClient } from '../http/client.ts';
import { countedTokens, type Count } from '../http/counted.ts';
import type { Dialect } from '../server/dialect.ts';
import { toOverflow } from '../http/overflow.ts';
import { completionChunk, llamaChunk, sampled, toFinishReason, toUsage, type WireUsage } from '../http/wire.ts';
import { likelyMargins, ListedMargins } from './margins.ts';

export type Completion = {
  readonly client: RemoteClient;
  readonly model: string;
  readonly dialect: Dialect;
  readonly encode: (text: string) => Promise<readonly number[]>;
  readonly decode: (ids: readonly number[]) => Promise<string>;
  readonly count?: Count;
  /** tokens may come without ids, so the request asks for usage with every chunk */
  readonly needsUsage?: boolean;
  /** the first token of the end marker; absent: the server cannot report margins */
  readonly endId?: number | undefined;
  /** called when a chunk contains ids */
  readonly onIds?: () => void;
  /** maps errors for the caller; a wrapping generator would do the same but add CPU time to every token */
  readonly toError?: (error: unknown) => unknown;
  readonly signal: AbortSignal;
};

/** A prompt as text. `onPromptIds` receives the ids that the server made from this text. */
export type TextPrompt = { readonly text: string; readonly onPromptIds: (ids: readonly number[]) => void };

export function complete(
  task: Completion,
  prompt: readonly number[] | TextPrompt,
  limits: Limits,
): AsyncGenerator<Piece> {
  const isLlama = task.dialect.completions?.by === 'llama.cpp' && !('text' in prompt);
  return isLlama ? llamaCompletion(task, prompt, limits) : openAiCompletion(task, prompt, limits);
}

async function* openAiCompletion(
  task: Completion,
  prompt: readonly number[] | TextPrompt,
  limits: Limits,
): AsyncGenerator<Piece> {
  const { client, model, dialect, signal } = task;
  const { by = 'ids', fields = {} } = dialect.completions ?? {};
  const endId = limits.margins === true ? task.endId : undefined;
  const margins = endId === undefined ? undefined : new ListedMargins(endId);
  const body = {
    model,
    ...('text' in prompt
      ? { prompt: prompt.text, add_special_tokens: false }
      : { prompt: by === 'ids' ? prompt : await task.decode(prompt) }),
    max_tokens: limits.maxTokens,
    ...sampled(limits),
    stream_options: { include_usage: true, ...(task.needsUsage && { continuous_usage_stats: true }) },
    ...fields,
    ...(endId !== undefined && dialect.completions?.margins?.fields(endId)),
    ...(limits.nativeBudget !== undefined && dialect.budget?.fields(limits.nativeBudget)),
  };
  // the piece with the finish reason is yielded after the end of the stream, when the connection is reusable
  let last: Piece | undefined;
  let counted = 0;
  let usage: Usage | undefined;
  try {
    for await (const chunk of client.stream('/v1/completions', completionChunk, body, signal)) {
      if (chunk.usage) usage = toUsage(chunk.usage) ?? usage;
      const choice = chunk.choices?.[0];
      if (choice === undefined) continue;
      const { text, token_ids: ids, prompt_token_ids: promptIds, finish_reason: finish } = choice;
      if (promptIds && 'text' in prompt) prompt.onPromptIds(promptIds);
      if (ids) task.onIds?.();
      const piece = ids
        ? { ids, text: text ?? '', ...margins?.of(ids, choice.logprobs) }
        : {
            ids: [],
            text: text ?? '',
            counted: countedTokens(text ?? '', usageGrowth(chunk.usage, counted), task.count),
          };
      counted += piece.counted?.tokens ?? piece.ids.length;
      if (finish) last = { ...piece, finish: toFinishReason(finish) };
      else yield piece;
    }
  } catch (error) {
    // the generation had finished: only its usage is missing
    if (last === undefined || !(error instanceof ConnectionLostError)) throw failure(task, error);
  }
  if (last !== undefined) yield { ...last, ...(usage && { usage }) };
}

function failure({ toError }: Completion, error: unknown): unknown {
  const known = toOverflow(error);
  return known === error ? (toError?.(error) ?? error) : known;
}

/** New tokens in a chunk's usage. Ollama reports 0 in every chunk but the last, so 0 counts as no usage. */
function usageGrowth(usage: WireUsage | null | undefined, counted: number): number | undefined {
  const total = usage?.completion_tokens ?? 0;
  return total > 0 ? total - counted : undefined;
}

/** llama.cpp sends one id per chunk and omits ids within a character; these are recovered by encoding the chunk's text. */
async function* llamaCompletion(task: Completion, ids: readonly number[], limits: Limits): AsyncGenerator<Piece> {
  const { client, model, dialect, signal, encode } = task;
  const endId = limits.margins === true ? task.endId : undefined;
  const body = {
    model,
    prompt: [...ids],
    n_predict: limits.maxTokens,
    cache_prompt: true,
    ...sampled(limits),
    ...dialect.completions?.fields,
    ...(endId !== undefined && dialect.completions?.margins?.fields(endId)),
  };
  let received = 0;
  try {
    for await (const chunk of client.stream('/completion', llamaChunk, body, signal)) {
      const { content: text, tokens: sent, stop, stop_type: ended, tokens_predicted: predicted } = chunk;
      const own = sent ?? [];
      // the last chunk counts all tokens but contains no ids or text
      const missing = stop ? 0 : (predicted ?? received + own.length) - received - own.length;
      const all = missing > 0 ? await encode(text) : own;
      received += all.length;
      task.onIds?.();
      yield {
        ids: all,
        text,
        ...(endId !== undefined && likelyMargins(all, endId, chunk.completion_probabilities?.at(-1))),
        ...(stop && { finish: toFinishReason(ended === 'limit' ? 'length' : 'stop') }),
      };
    }
  } catch (error) {
    throw failure(task, error);
  }
}
