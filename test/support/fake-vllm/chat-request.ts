/** The body of `POST /v1/chat/completions`. */
import { z } from 'zod';
import { parseBody } from './body.ts';
import { chatFields, renderChat, type Chat } from './chat-prompt.ts';
import {
  checkModel,
  checkOutputAsked,
  checkOutputFits,
  checkPromptFits,
  generationFields,
  readGeneration,
  type GenerationRequest,
} from './generation-request.ts';
import type { Misbehaviour } from './misbehaviour.ts';
import type { Served } from './served.ts';
import { readThinkingBudget } from './thinking-budget.ts';

export const chatBody = z.looseObject({
  ...generationFields,
  ...chatFields,
  max_completion_tokens: z.int().nullish(),
  reasoning_effort: z.string().nullish(),
});

export type ChatRequest = GenerationRequest & {
  /** whose turn is generated */
  readonly role: string;
  /** what the request says of it; the prompt may say something else */
  readonly enableThinking: boolean;
};

export function readChatRequest(raw: string, served: Served, { prefix }: Misbehaviour): ChatRequest {
  const asked = misheard(parseBody(raw, chatBody), prefix);
  const thinkingBudget = readThinkingBudget(asked.thinking_token_budget, served.reasoning);
  checkModel(asked.model, served.servedName);
  const limit = asked.max_completion_tokens ?? asked.max_tokens ?? undefined;
  const param = asked.max_completion_tokens === undefined || asked.max_completion_tokens === null;
  checkOutputFits(param ? 'max_tokens' : 'max_completion_tokens', limit ?? 0, served.window);
  const templateArguments = withEffort(asked.chat_template_kwargs ?? {}, asked.reasoning_effort ?? undefined);
  const text = renderChat({ ...asked, chat_template_kwargs: templateArguments }, served.model);
  const promptIds = served.model.encode(text, { specialTokens: asked.add_special_tokens });
  checkPromptFits(promptIds.length, served.window);
  const maxTokens = limit ?? served.window - promptIds.length;
  checkOutputAsked(maxTokens);
  return {
    ...readGeneration(asked, { promptIds, maxTokens, thinkingBudget }, served),
    role: roleOf(asked),
    enableThinking: templateArguments['enable_thinking'] !== false,
  };
}

function misheard<T extends Chat>(asked: T, prefix: Misbehaviour['prefix']): T {
  if (prefix === 'unheard') return { ...asked, continue_final_message: false, add_generation_prompt: true };
  if (prefix === undefined) return asked;
  const messages = asked.messages.map((message) =>
    message.role === 'assistant' && typeof message.content === 'string'
      ? { ...message, content: message.content.split('</think>').at(-1) ?? '' }
      : message,
  );
  return { ...asked, messages };
}

function withEffort(
  templateArguments: Readonly<Record<string, unknown>>,
  effort: string | undefined,
): Record<string, unknown> {
  return effort === undefined ? { ...templateArguments } : { enable_thinking: effort !== 'none', ...templateArguments };
}

function roleOf(chat: Chat): string {
  return (chat.add_generation_prompt ?? true) ? 'assistant' : (chat.messages.at(-1)?.role ?? 'assistant');
}
