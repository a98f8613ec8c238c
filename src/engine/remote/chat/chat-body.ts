/** The body of a chat request: messages, and the fields that this kind of server accepts. */
import type { Family } from '../../../prompt/family.ts';
import type { PlainMessage } from '../../../prompt/codec.ts';
import { toPlainTurn } from '../../../prompt/turn.ts';
import type { Limits } from '../../engine.ts';
import type { Question } from '../../../prompt/question.ts';
import { sampled } from '../http/wire.ts';
import type { Dialect } from '../server/dialect.ts';

/** A question for a server that renders prompts itself. `reasoning` is the thinking to answer from. */
export type Messages = {
  readonly question: Pick<Question, 'system' | 'user'>;
  readonly thinking: boolean;
  readonly reasoning?: string;
};

export type ChatPartner = { readonly model: string; readonly family: Family; readonly dialect: Dialect };

export type ChatBody = Readonly<Record<string, unknown>> & { readonly messages: readonly PlainMessage[] };

/** vLLM's fields to continue the assistant's turn; vLLM requires both. */
export const CONTINUED = { continue_final_message: true, add_generation_prompt: false } as const;

/** `asPrefix`: the reasoning begins the assistant's turn; else the user's message quotes the reasoning. */
export function toChatBody(
  { model, family, dialect }: ChatPartner,
  { question, thinking, reasoning }: Messages,
  limits: Limits,
  asPrefix: boolean,
): ChatBody {
  const { messages, templateArguments } = toPlainTurn(question, family, {
    thinking,
    asPrefix,
    ...(reasoning !== undefined && { reasoning }),
  });
  const { templateArguments: takesThem, thinking: switched, shows } = dialect.chat;
  const asArguments = takesThem && Object.keys(templateArguments).length > 0;
  return {
    model,
    messages,
    max_tokens: limits.maxTokens,
    ...sampled(limits),
    stream_options: { include_usage: true, ...(dialect.usageWithEveryChunk && { continuous_usage_stats: true }) },
    ...shows,
    ...(asArguments && { chat_template_kwargs: templateArguments }),
    ...switched(thinking),
    // gpt-oss: servers that render the prompt themselves read the field of OpenAI's API instead of a template argument
    ...('reasoning_effort' in templateArguments && { reasoning_effort: templateArguments['reasoning_effort'] }),
    ...(asPrefix && family.assistantPrefix === 'explicit' && CONTINUED),
    ...(limits.nativeBudget !== undefined && dialect.budget?.fields(limits.nativeBudget)),
  };
}

/** Warns if thinking cannot be switched off: the model always thinks, or the server ignores the template argument. */
export function switchWarnings(family: Family, { name, chat }: Dialect, thinking: boolean): string[] {
  const { switch: how } = family;
  if (!thinking && family.alwaysThinks === true) {
    return [`thinking cannot be switched off: this model always thinks (family ${family.name})`];
  }
  const reaches = how.kind !== 'argument' || chat.templateArguments || Object.keys(chat.thinking(false)).length > 0;
  return thinking || reaches
    ? []
    : [`thinking cannot be switched off on this server: ${name} accepts no template arguments`];
}
