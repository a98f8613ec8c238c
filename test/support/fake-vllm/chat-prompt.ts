/** Messages to the text of a prompt, through the model's own template. */
import { z } from 'zod';
import { badRequest } from './answers.ts';
import type { ChatMessage, FakeModel } from './model.ts';

const contentPart = z.looseObject({ type: z.literal('text'), text: z.string() });

/** The fields that `/tokenize` and the chat road have in common. */
export const chatFields = {
  messages: z.array(z.looseObject({ role: z.string(), content: z.union([z.string(), z.array(contentPart)]) })),
  add_generation_prompt: z.boolean().optional(),
  continue_final_message: z.boolean().default(false),
  add_special_tokens: z.boolean().default(false),
  chat_template_kwargs: z.record(z.string(), z.unknown()).nullish(),
};

export type Chat = z.infer<z.ZodObject<typeof chatFields>>;

export function renderChat(chat: Chat, model: FakeModel): string {
  const messages = chat.messages.map(({ role, content }) => ({
    role,
    content: typeof content === 'string' ? content : content.map((part) => part.text).join('\n'),
  }));
  const last = messages.at(-1);
  if (last === undefined) {
    throw badRequest('Cannot apply chat template to an empty conversation. Provide at least one message.');
  }
  const templateArguments = chat.chat_template_kwargs ?? {};
  if (chat.continue_final_message) {
    checkContinues(chat);
    return renderUnfinished([...messages.slice(0, -1), { ...last, content: last.content + tag }], (marked) =>
      model.render(marked, { addGenerationPrompt: false, templateArguments }),
    );
  }
  return model.render(messages, { addGenerationPrompt: chat.add_generation_prompt ?? true, templateArguments });
}

/** vLLM notices when both were said, the templates when the default is meant. */
function checkContinues({ add_generation_prompt: both }: Chat): void {
  if (both === false) return;
  throw badRequest(
    both === true
      ? 'Cannot set both `continue_final_message` and `add_generation_prompt` to True.'
      : 'continue_final_message and add_generation_prompt are not compatible. Use continue_final_message when you want the ' +
          'model to continue the final message, and add_generation_prompt when you want to add a header that will prompt it ' +
          'to start a new assistant message instead.',
  );
}

/** As Hugging Face's templates do it: the last message is marked at its end, and the text is cut at the mark. */
const tag = 'CONTINUE_FINAL_MESSAGE_TAG ';

function renderUnfinished(
  messages: readonly ChatMessage[],
  render: (messages: readonly ChatMessage[]) => string,
): string {
  const text = render(messages);
  const end = text.lastIndexOf(tag.trim());
  if (end < 0) throw badRequest('continue_final_message is set but the final message does not appear in the chat');
  // a template that trims the message has trimmed the tag's own space too
  return text.startsWith(tag, end) ? text.slice(0, end) : text.slice(0, end).trimEnd();
}
