/** The body of a chat request: messages, and what this server takes besides. */
import type { Family } from '../../../prompt/family.ts';
import type { PlainMessage } from '../../../prompt/render.ts';
import { toPlainTurn } from '../../../prompt/turn.ts';
import type { Limits, Turn } from '../../engine.ts';
import { sampled } from '../token-ids/completions.ts';
import type { Dialect } from '../server/dialects.ts';

export type ChatPartner = { readonly model: string; readonly family: Family; readonly dialect: Dialect };

/** With whatever else a server takes. */
export type ChatBody = Readonly<Record<string, unknown>> & { readonly messages: readonly PlainMessage[] };

/** vLLM's fields; both have to be said. */
export const CONTINUED = { continue_final_message: true, add_generation_prompt: false } as const;

/** `asPrefix`: the turn's thought begins the assistant's own turn; else it is quoted. */
export function toChatBody(
  { model, family, dialect }: ChatPartner,
  turn: Turn,
  limits: Limits,
  asPrefix: boolean,
): ChatBody {
  const { messages, templateArguments } = toPlainTurn(turn.question, family, { ...turn, asPrefix });
  const { templateArguments: takesThem, thinking, countsChunks, shows } = dialect.chat;
  const asArguments = takesThem && Object.keys(templateArguments).length > 0;
  return {
    model,
    messages,
    max_tokens: limits.maxTokens,
    ...sampled(limits),
    stream_options: { include_usage: true, ...(countsChunks && { continuous_usage_stats: true }) },
    ...shows,
    ...(asArguments && { chat_template_kwargs: templateArguments }),
    ...thinking(turn.thinking),
    ...(asPrefix && family.assistantPrefix === 'asked' && CONTINUED),
    ...(limits.nativeBudget !== undefined && dialect.budget?.fields(limits.nativeBudget)),
  };
}
